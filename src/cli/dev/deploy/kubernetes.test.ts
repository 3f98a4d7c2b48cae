import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DnsServer, dnsServer } from "../../../runtime/testing/dns-server.ts";
import { isInstalled } from "../../../target/external/binary.ts";
import { until } from "../../../target/until.ts";
import { type Container, KUBERNETES, type Manifest, manifests } from "./manifests.ts";
import { OwnProcesses, ownAddresses, sameLeader } from "./own-nodes.ts";

setDefaultTimeout(120_000);

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
const portsOf = ({ ports }: Container) => ports.map(({ name }) => name);

const processes = new OwnProcesses();
let dir: string;
let dns: DnsServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-kubernetes-"));
  dns = await dnsServer({});
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
  const text = readFileSync(join(KUBERNETES, "kustomization.yaml"), "utf8");
  const { resources } = Bun.YAML.parse(text) as { readonly resources: readonly string[] };
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
  const probes = [node.readinessProbe, node.livenessProbe, node.startupProbe];
  for (const probe of probes) expect(named).toContain(probe!.httpGet.port);
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

if (isInstalled("kubectl", "a build of the Kubernetes manifests")) {
  test("kubernetes: kubectl builds the whole of it", () => {
    const built = Bun.spawnSync(["kubectl", "kustomize", KUBERNETES]);
    expect([built.exitCode, built.stderr.toString()]).toEqual([0, ""]);
    expect(built.stdout.toString().match(/^kind: /gm)?.length).toBe(5);
  });
}

/** As the kubelet does it: $(NAME) stands for the variable. */
const expanded = (word: string, env: Readonly<Record<string, string>>): string =>
  word.replaceAll(/\$\((\w+)\)/g, (all, name: string) => env[name] ?? all);

const fieldsOf = (ordinal: number): Readonly<Record<string, string>> => {
  const values = { "metadata.name": `ordeal-${ordinal}`, "metadata.namespace": "default" };
  return Object.fromEntries(
    node.env.map(({ name, valueFrom }) => [name, values[valueFrom.fieldRef.fieldPath]]),
  );
};

test("kubernetes: the node accepts the arguments of each pod, with all variables known", async () => {
  const args = node.args.map((word) => expanded(word, fieldsOf(0)));
  expect(args.filter((word) => word.includes("$("))).toEqual([]);
  const named = args.map((word) => (word === "--id-from-hostname" ? "--id=1" : word));
  const { code, out, err } = await processes.run([...named, "--print-config", "--json"]);
  expect([code, err]).toEqual([0, ""]);
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
      return said.replace("--data-dir=/data", `--data-dir=${dir}`);
    });
    expect(args.some((word) => word === `--advertise=${address}`)).toBe(true);
    const naming = ["unshare", "--uts", "sh", "-c", `hostname ordeal-${ordinal}; exec "$@"`, "-"];
    processes.start(args, {}, canName ? naming : []);
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
    expect(
      await sameLeader(addresses.map((address) => `http://${address}:${port}`)),
    ).toBeGreaterThan(0);
    for (const { httpGet } of [node.readinessProbe!, node.livenessProbe!]) {
      expect((await fetch(`http://${addresses[0]}:${port}${httpGet.path}`)).status).toBe(200);
    }
    const here = (word: string): string =>
      addresses.reduce(
        (said, address, i) => said.replace(`ordeal-${i}.ordeal:`, `${address}:`),
        word,
      );
    const args = job.spec.template.spec.containers[0]!.args.map(here);
    const short = args.map((word) => (word.startsWith("--duration") ? "--duration=1500ms" : word));
    const { code, out, err } = await processes.run([...short, "--warmup=500ms"]);
    // 3: a busy machine could not offer the rate.
    if (code !== 0 && code !== 3) throw new Error(`the load ended with ${code}: ${err}`);
    expect(JSON.parse(out).result.counts.ok).toBeGreaterThan(0);
  });

  test("kubernetes: a node without others is alive, and not ready", async () => {
    const [, , third] = ownAddresses(3, 59) as [string, string, string];
    const lonely = ["node", "--id=3", `--data-dir=${join(dir, "lonely")}`, "--cluster=lonely"];
    const listens = ["peer:7101", "client:7201", "http:7301"].map((one) => {
      const [name, at] = one.split(":");
      return `--listen-${name}=${third}:${at}`;
    });
    processes.start(
      [...lonely, ...listens, `--peers=1=127.0.0.1:1,2=127.0.0.1:2,3=${third}:7301`],
      {},
    );
    const statusOf = (path: string): Promise<number> =>
      fetch(`http://${third}:7301${path}`).then(
        ({ status }) => status,
        () => 0,
      );
    await until(
      "it is alive",
      60_000,
      async () => (await statusOf(node.livenessProbe!.httpGet.path)) === 200,
    );
    expect(await statusOf(node.readinessProbe!.httpGet.path)).toBe(503);
    const asked = await processes.run(["healthz", "--http", `${third}:7301`]);
    expect([asked.code, asked.out]).toEqual([3, ""]);
    expect(asked.err).toContain("no leader");
    expect((await processes.run(["healthz", "--http", "nowhere"])).code).toBe(64);
  });
}
