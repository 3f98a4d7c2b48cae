import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DnsServer, dnsServer } from "../../../runtime/testing/dns-server.ts";
import { NODE_DNS_NAME } from "../../../security/names.ts";
import { isInstalled } from "../../../target/external/binary.ts";
import { until } from "../../../target/until.ts";
import { type Container, KUBERNETES, type Manifest, manifests } from "./manifests.ts";
import {
  OwnProcesses,
  ownAddresses,
  sameLeader,
  SECURED,
  settingsIn,
  takesLoad,
} from "./own-nodes.ts";

setDefaultTimeout(240_000);

const all = manifests();
const of = <K extends Manifest["kind"]>(kind: K, name: string): Extract<Manifest, { kind: K }> => {
  const found = all.map(({ object }) => object).filter((object) => object.kind === kind);
  return found.find(({ metadata }) => metadata.name === name) as Extract<Manifest, { kind: K }>;
};
const set = of("StatefulSet", "ordeal");
const headless = of("Service", "ordeal");
const clients = of("Service", "ordeal-client");
const job = of("Job", "ordeal-load");
const pod = set.spec.template;
const node = pod.spec.containers[0]!;
type Kustomization = {
  readonly resources: readonly string[];
  readonly secretGenerator: readonly { readonly name: string; readonly files: readonly string[] }[];
};
const kustomization = Bun.YAML.parse(
  readFileSync(join(KUBERNETES, "kustomization.yaml"), "utf8"),
) as Kustomization;
const secret = kustomization.secretGenerator[0]!;
const portsOf = ({ ports }: Container) => ports.map(({ name }) => name);

const DOC = readFileSync(join(KUBERNETES, "../../docs/deploy.md"), "utf8");
const processes = new OwnProcesses();
const dir = mkdtempSync(join(tmpdir(), "ordeal-kubernetes-"));
/** What the secret is made of; a pod sees it as /certs. */
const certs = join(dir, "kubernetes", "certs");
let dns: DnsServer;
beforeAll(async () => {
  dns = await dnsServer({});
  cpSync(KUBERNETES, join(dir, "kubernetes"), { recursive: true });
  const [, line = ""] = /ordeal (certs create .*)/.exec(DOC) ?? [];
  const words = line.split(/ +/).map((word) => word.replace("deploy", dir));
  expect(words).toContain(certs);
  expect((await processes.run(words)).code).toBe(0);
});
afterAll(async () => {
  await processes.stopAll();
  dns.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Does every label of the selector stand on the thing? */
const selects = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);

test("kubernetes: every file but that for an operator is listed, each object once", () => {
  const { resources } = kustomization;
  const apart = ["load-job.yaml", "service-monitor.yaml"];
  const files = new Set(all.map(({ file }) => file));
  expect([...resources, ...apart].sort()).toEqual([...files].sort());
  const names = all.map(({ object }) => `${object.kind} ${object.metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
});

test("kubernetes: selectors select the pods of the set, and those of the load none of them", () => {
  const { labels } = pod.metadata;
  const policy = of("NetworkPolicy", "ordeal").spec;
  const selectors = [
    set.spec.selector.matchLabels,
    ...[headless.spec.selector, clients.spec.selector],
    of("PodDisruptionBudget", "ordeal").spec.selector.matchLabels,
    policy.podSelector.matchLabels,
  ];
  for (const selector of selectors) {
    expect(selects(selector, labels)).toBe(true);
    expect(selects(selector, job.spec.template.metadata.labels)).toBe(false);
  }
  // One service of the two, or each pod would be scraped twice.
  const monitored = of("ServiceMonitor", "ordeal").spec.selector.matchLabels;
  const found = [headless, clients].filter(({ metadata }) => selects(monitored, metadata.labels));
  expect(found).toEqual([headless]);
});

test("kubernetes: ports are named alike in pods, services, probes, policy and monitor", () => {
  const named = portsOf(node);
  expect(named).toEqual(["peer", "client", "http"]);
  for (const { spec } of [headless, clients]) {
    for (const { name, port, targetPort } of spec.ports) {
      expect(targetPort).toBe(name);
      expect(node.ports).toContainEqual({ name, containerPort: port });
    }
  }
  const policy = of("NetworkPolicy", "ordeal").spec.ingress.flatMap(({ ports }) => ports);
  const monitor = of("ServiceMonitor", "ordeal").spec.endpoints;
  for (const { port } of [...policy, ...monitor]) expect(named).toContain(port);
  for (const { name, containerPort } of node.ports) {
    expect(node.args).toContain(`--listen-${name}=0.0.0.0:${containerPort}`);
  }
  expect(pod.metadata.annotations["prometheus.io/port"]).toBe("7301");
});

test("kubernetes: pods are found before they are ready, start together, and keep their data", () => {
  expect(headless.metadata.name).toBe(set.spec.serviceName);
  expect(headless.spec).toMatchObject({ clusterIP: "None", publishNotReadyAddresses: true });
  expect(set.spec.podManagementPolicy).toBe("Parallel");
  expect(node.args).toContain(`--voters=1-${set.spec.replicas}`);
  const claims = set.spec.volumeClaimTemplates.map(({ metadata }) => metadata.name);
  const volumes = [...claims, ...pod.spec.volumes.map(({ name }) => name)];
  for (const { name } of node.volumeMounts) expect(volumes).toContain(name);
  const data = node.volumeMounts.find(({ name }) => claims.includes(name))!.mountPath;
  expect(node.args).toContain(`--data-dir=${data}`);
  // A majority stays when as many as may be missing are.
  const { maxUnavailable } = of("PodDisruptionBudget", "ordeal").spec;
  expect(set.spec.replicas - maxUnavailable).toBeGreaterThan(set.spec.replicas / 2);
});

type Made = {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
};
const fileName = (path: string): string => path.split("/").at(-1)!;

test("kubernetes: nodes, load and monitor take their secrets from the one that is made, without the authority's key", () => {
  const files = secret.files.map(fileName);
  for (const path of secret.files) expect(existsSync(join(dir, "kubernetes", path))).toBe(true);
  expect(files.filter((file) => /ca-key|client/.test(file))).toEqual([]);
  const ids = Array.from({ length: set.spec.replicas }, (_, i) => i + 1);
  const pairs = ids.flatMap((id) => [`node-${id}.pem`, `node-${id}-key.pem`]);
  expect(files.sort()).toEqual(["ca.pem", "token", ...pairs].sort());
  for (const { spec } of [pod, job.spec.template]) {
    const [volume] = spec.volumes.filter(({ name }) => name === "certs");
    if (volume === undefined || !("secret" in volume)) throw new Error("it has no certificates");
    expect(volume.secret.secretName).toBe(secret.name);
    for (const { key, path } of volume.secret.items ?? []) {
      expect([key, files.includes(key)]).toEqual([path, true]);
    }
    expect(spec.securityContext.fsGroup).toBe(spec.securityContext.runAsGroup);
    const mount = { name: "certs", mountPath: "/certs", readOnly: true };
    expect(spec.containers[0]!.volumeMounts).toContainEqual(mount);
  }
  const [endpoint] = of("ServiceMonitor", "ordeal").spec.endpoints;
  for (const { name, key } of [
    endpoint!.tlsConfig.ca.secret,
    endpoint!.authorization.credentials,
  ]) {
    expect([name, files.includes(key)]).toEqual([secret.name, true]);
  }
  expect(endpoint!.tlsConfig.serverName).toBe(NODE_DNS_NAME);
});

if (isInstalled("kubectl", "a build of the Kubernetes manifests")) {
  test("kubernetes: kubectl builds the whole of it", () => {
    const built = Bun.spawnSync(["kubectl", "kustomize", join(dir, "kubernetes")]);
    expect([built.exitCode, built.stderr.toString()]).toEqual([0, ""]);
    expect(built.stdout.toString().match(/^kind: /gm)?.length).toBe(6);
    const [made] = (Bun.YAML.parse(built.stdout.toString()) as readonly Made[]).filter(
      ({ kind }) => kind === "Secret",
    );
    expect(made!.metadata.name).toBe(secret.name);
    expect(Object.keys(made!.data!).sort()).toEqual(secret.files.map(fileName).sort());
  });
}

/** As the kubelet does it: $(NAME) stands for the variable. */
const expanded = (word: string, env: Readonly<Record<string, string>>): string =>
  word.replaceAll(/\$\((\w+)\)/g, (all, name: string) => env[name] ?? all);

/** The variables of a container of pod N. */
const variablesOf = ({ env }: Container, ordinal: number): Readonly<Record<string, string>> => {
  const values = { "metadata.name": `ordeal-${ordinal}`, "metadata.namespace": "default" };
  return Object.fromEntries(
    env.map((one) => [
      one.name,
      "value" in one ? one.value : values[one.valueFrom.fieldRef.fieldPath],
    ]),
  );
};
const fieldsOf = (ordinal: number) => variablesOf(node, ordinal);
/** The variables, of this machine. */
const envHere = (container: Container, ordinal: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(variablesOf(container, ordinal)).map(([name, value]) => {
      return [name, value.replace("/certs", certs)];
    }),
  );

test("kubernetes: the node accepts the arguments of each pod, with all variables known", async () => {
  const args = node.args.map((word) => expanded(word, fieldsOf(0)));
  expect(args.filter((word) => word.includes("$("))).toEqual([]);
  const named = args.map((word) => (word === "--id-from-hostname" ? "--id=1" : word));
  const { code, out, err } = await processes.run(
    [...named, "--print-config", "--json"],
    fieldsOf(0),
  );
  expect([code, err]).toEqual([0, ""]);
  expect(settingsIn(out)).toMatchObject(SECURED);
  expect(settingsIn(out)).not.toHaveProperty("insecure");
  expect(out).toContain("ordeal-0.ordeal.default.svc.cluster.local");
});

// Each pod has an address of its own, as only Linux has them on its loopback.
if (process.platform === "linux") {
  const addresses = ownAddresses(set.spec.replicas, 58);
  /** Where the system lets us, a pod's host name is real; elsewhere the id is told. */
  const canName = Bun.spawnSync(["unshare", "--uts", "true"], { stderr: "ignore" }).exitCode === 0;

  /** The pod as a process: its arguments, on its own address, with the DNS of the headless service. */
  function startPod(ordinal: number): void {
    const address = addresses[ordinal]!;
    const advertised = `--advertise=ordeal-${ordinal}.ordeal.default.svc.cluster.local`;
    const args = node.args.map((word) => {
      const said = expanded(word, fieldsOf(ordinal)).replace("0.0.0.0:", `${address}:`);
      // The resolver of this machine does not know the pods; others are told the address.
      if (said === advertised) return `--advertise=${address}`;
      if (said.startsWith("--peers=")) return `${said}?resolver=${dns.address}`;
      if (said === "--id-from-hostname" && !canName) return `--id=${ordinal + 1}`;
      return said.replace("=/certs", `=${certs}`).replace("--data-dir=/data", `--data-dir=${dir}`);
    });
    expect(args.some((word) => word === `--advertise=${address}`)).toBe(true);
    const naming = ["unshare", "--uts", "sh", "-c", `hostname ordeal-${ordinal}; exec "$@"`, "-"];
    processes.start(args, envHere(node, ordinal), canName ? naming : []);
  }

  type Probe = { readonly exec: { readonly command: readonly string[] } };
  /** As the kubelet runs it in the container, whose port is at this address. */
  function probed({ exec }: Probe, address: string) {
    const [program, ...words] = exec.command;
    expect(program).toBe("/usr/local/bin/ordeal");
    const env = { ...envHere(node, 0), ORDEAL_LISTEN_HTTP: `${address}:7301` };
    return processes.run(words, env);
  }

  test("kubernetes: pods with these arguments find each other by the headless service, elect, and take the load", async () => {
    const names = addresses.map((_, i) => `ordeal-${i}.ordeal.default.svc.cluster.local`);
    const port = headless.spec.ports.find(({ name }) => name === "http")!.port;
    dns.set({
      a: Object.fromEntries(names.map((name, i) => [name, [addresses[i]!]])),
      srv: {
        "_http._tcp.ordeal.default.svc.cluster.local": names.map((target) => ({ target, port })),
      },
    });
    addresses.forEach((_, ordinal) => startPod(ordinal));
    const files = { ca: join(certs, "ca.pem"), tokenFile: join(certs, "token") };
    const at = addresses.map((host) => ({ host, port }));
    expect(await sameLeader(at, files)).toBeGreaterThan(0);
    for (const probe of [node.readinessProbe!, node.livenessProbe!, node.startupProbe!]) {
      expect((await probed(probe, addresses[0]!)).code).toBe(0);
    }
    const here = (word: string): string =>
      addresses.reduce(
        (said, address, i) => said.replace(`ordeal-${i}.ordeal:`, `${address}:`),
        word,
      );
    const args = job.spec.template.spec.containers[0]!.args.map(here);
    const short = args.map((word) => (word.startsWith("--duration") ? "--duration=1500ms" : word));
    const env = envHere(job.spec.template.spec.containers[0]!, 0);
    await takesLoad(processes, [...short, "--warmup=500ms"], env);
  });

  test("kubernetes: a node without others is alive, and not ready", async () => {
    const [, , third] = ownAddresses(3, 59) as [string, string, string];
    const lonely = [
      "node",
      "--id=3",
      `--data-dir=${join(dir, "lonely")}`,
      "--cluster=default-ordeal",
    ];
    const listens = ["peer:7101", "client:7201", "http:7301"].map((one) => {
      const [name, at] = one.split(":");
      return `--listen-${name}=${third}:${at}`;
    });
    const certified = node.args.filter((word) => word.startsWith("--tls-"));
    processes.start(
      [
        ...[...lonely, ...listens, `--peers=1=127.0.0.1:1,2=127.0.0.1:2,3=${third}:7301`],
        ...certified.map((word) => word.replace("/certs", certs)),
      ],
      envHere(node, 2),
    );
    await until(
      "it is alive",
      60_000,
      async () => (await probed(node.livenessProbe!, third)).code === 0,
    );
    const asked = await probed(node.readinessProbe!, third);
    expect([asked.code, asked.out]).toEqual([3, ""]);
    expect(asked.err).toContain("no leader");
    expect((await processes.run(["healthz", "--http", "nowhere"])).code).toBe(64);
  });
}
