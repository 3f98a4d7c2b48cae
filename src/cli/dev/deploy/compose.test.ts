import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { freePorts } from "../../../runtime/free-ports.ts";
import { SETTINGS, variableOf } from "../../../runtime/settings.ts";
import { loadAttachFile } from "../../../target/attach/attach-file.ts";
import { isInstalled } from "../../../target/external/binary.ts";
import { until } from "../../../target/until.ts";
import { parseDockerfile } from "./dockerfile.ts";
import {
  OwnProcesses,
  ownAddresses,
  sameLeader,
  SECURED,
  settingsIn,
  takesLoad,
} from "./own-nodes.ts";

setDefaultTimeout(240_000);
const DEPLOY = join(import.meta.dir, "../../../../deploy");
const PORT = /^127\.0\.0\.1:(\d+):(\d+)$/;

const text = v.string();
const Service = v.strictObject({
  image: text,
  build: v.optional(v.strictObject({ context: text, dockerfile: text })),
  hostname: v.optional(text),
  user: v.optional(v.pipe(text, v.regex(/^[1-9]\d*:[1-9]\d*$/, "is root, or no number"))),
  network_mode: v.optional(v.picklist(["host"])),
  command: v.optional(v.array(text)),
  environment: v.optional(v.record(text, text), {}),
  ports: v.optional(v.array(v.pipe(text, v.regex(PORT, "publishes beyond loopback"))), []),
  volumes: v.optional(v.array(text), []),
  profiles: v.optional(v.array(text)),
  depends_on: v.optional(v.union([v.array(text), v.record(text, v.object({ condition: text }))])),
  healthcheck: v.optional(v.strictObject({ disable: v.boolean() })),
  restart: v.optional(v.picklist(["unless-stopped"])),
  stop_grace_period: v.optional(text),
  read_only: v.optional(v.boolean()),
  cap_drop: v.optional(v.array(text)),
  security_opt: v.optional(v.array(text)),
  tmpfs: v.optional(v.array(text)),
});
const Compose = v.looseObject({
  name: text,
  services: v.record(text, Service),
  volumes: v.record(text, v.nullable(v.never())),
});

const file = v.parse(Compose, Bun.YAML.parse(readFileSync(join(DEPLOY, "compose.yaml"), "utf8")));
const services = Object.entries(file.services);
const ours = services.filter(([, service]) => service.build !== undefined);
const nodes = ours.filter(([, { command }]) => command?.[0] === "node");
const names = nodes.map(([name]) => name);

const processes = new OwnProcesses();
const dir = mkdtempSync(join(tmpdir(), "ordeal-compose-"));
afterAll(async () => {
  await processes.stopAll();
  rmSync(dir, { recursive: true, force: true });
});

test("compose: five nodes, their certificates, monitoring, the workbench, load and chaos", () => {
  expect(names).toEqual([1, 2, 3, 4, 5].map((id) => `ordeal-${id}`));
  const others = services.map(([name]) => name).filter((name) => !names.includes(name));
  expect(others.sort()).toEqual(["certs", "chaos", "grafana", "load", "prometheus", "workbench"]);
});

test("compose: every file that it names exists, every volume and service is declared", () => {
  for (const [name, { build, volumes, depends_on = [] }] of services) {
    if (build !== undefined) {
      expect(existsSync(join(DEPLOY, build.context, build.dockerfile))).toBe(true);
    }
    for (const volume of volumes) {
      const [from = "", to = ""] = volume.split(":");
      const isThere = from.startsWith("./") ? existsSync(join(DEPLOY, from)) : from in file.volumes;
      expect([name, volume, isThere, to.startsWith("/")]).toEqual([name, volume, true, true]);
    }
    const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
    for (const other of needed) expect(Object.keys(file.services)).toContain(other);
  }
  const used = services.flatMap(([, { volumes }]) => volumes.map((one) => one.split(":")[0]!));
  for (const volume of Object.keys(file.volumes)) expect(used).toContain(volume);
});

test("compose: each port of this machine is published once; nodes share neither host name nor data", () => {
  const published = services.flatMap(([, { ports }]) => ports.map((port) => PORT.exec(port)![1]!));
  expect(new Set(published).size).toBe(published.length);
  for (const [name, { hostname, command, volumes }] of nodes) {
    const id = name.replace("ordeal-", "");
    expect({ hostname, command: command!.slice(0, 3), volumes }).toEqual({
      ...{ hostname: name, command: ["node", "--id", id] },
      volumes: [`data-${id}:/data`, "certs:/certs:ro"],
    });
  }
});

test("compose: what runs of ours is not privileged, and writes only to volumes and /tmp", () => {
  for (const [, service] of ours) {
    expect(service).toMatchObject({
      ...{ read_only: true, cap_drop: ["ALL"], tmpfs: ["/tmp"] },
      security_opt: ["no-new-privileges:true"],
    });
  }
});

const read = (path: string): string => readFileSync(join(DEPLOY, "monitoring", path), "utf8");
const SCRAPED = read("prometheus-compose.yml");

test("compose: Prometheus scrapes these nodes, and Grafana asks that Prometheus", () => {
  const listen = Number(nodes[0]![1].environment["ORDEAL_LISTEN_HTTP"]!.split(":")[1]);
  for (const name of names) expect(SCRAPED).toContain(`${name}:${listen}`);
  const source = read("grafana/provisioning/datasources/prometheus.yml");
  expect(source).toContain("http://prometheus:9090");
  const mounts = file.services["grafana"]!.volumes.join("\n");
  const path = /path: (\S+)/.exec(read("grafana/provisioning/dashboards/ordeal.yml"))![1]!;
  expect(mounts).toContain(`:${path}:ro`);
});

test("compose: the command line of each node is one that the node accepts", async () => {
  const known = SETTINGS.map(variableOf);
  for (const [, { command, environment }] of nodes) {
    for (const name of Object.keys(environment)) expect(known).toContain(name);
    const args = [...command!, "--print-config", "--json"];
    const { code, out, err } = await processes.run(args, environment);
    expect([code, err]).toEqual([0, ""]);
    expect(settingsIn(out)).toMatchObject({ ...SECURED, peers: environment["ORDEAL_PEERS"]! });
    expect(settingsIn(out)).not.toHaveProperty("insecure");
  }
});

test("compose: certificates are made before any node starts, and only who makes them may write them", () => {
  const waits = { certs: { condition: "service_completed_successfully" } };
  for (const [, { depends_on }] of nodes) expect(depends_on).toEqual(waits);
  const { prometheus, certs } = file.services;
  expect(prometheus!.depends_on).toEqual(waits);
  expect(certs!.volumes).toContain("certs:/certs");
  for (const [name, { volumes }] of services) {
    const mounted = volumes.filter((one) => one.startsWith("certs:"));
    if (name !== "certs") for (const one of mounted) expect(one).toBe("certs:/certs:ro");
  }
  // Tokens are for their owner only, which is the user of the image.
  const image = parseDockerfile(readFileSync(join(DEPLOY, "Dockerfile"), "utf8")).at(-1)!;
  const user = image.instructions.find(({ name }) => name === "USER")!.words[0]!;
  expect(prometheus!.user).toBe(user);
});

test("compose: --attach knows the published ports, and its commands the services", () => {
  const attached = loadAttachFile(join(DEPLOY, "compose-nodes.json"));
  for (const { id, host, clientPort, httpPort } of attached.nodes) {
    const { ports } = file.services[`ordeal-${id}`]!;
    expect(ports).toEqual([`${host}:${clientPort}:7201`, `${host}:${httpPort}:7301`]);
  }
  const { load } = file.services;
  const inside = {
    ca: load!.environment["ORDEAL_TLS_CA"],
    tokenFile: load!.environment["ORDEAL_TOKEN_FILE"],
  };
  for (const [name, path] of Object.entries(inside)) {
    // As docs/deploy.md copies them out.
    expect(`/${attached.credentials?.[name as keyof typeof inside]}`).toBe(path!);
  }
  for (const words of Object.values(attached.commands)) {
    if (words === undefined) throw new Error("a command is named and not given");
    expect(existsSync(join(DEPLOY, "..", words[words.indexOf("-f") + 1]!))).toBe(true);
    expect(names).toContain(words.at(-1)!.replace("{id}", "1"));
  }
});

// Each container has an address of its own, as only Linux has them on its loopback.
if (process.platform === "linux") {
  const addresses = ownAddresses(nodes.length, 57);
  /** What is said in a container, of this machine. */
  const here = (word: string): string =>
    names.reduce(
      (said, name, i) => said.replaceAll(`${name}:`, `${addresses[i]}:`),
      word.replace("/certs", join(dir, "certs")),
    );
  const hereAll = (environment: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, here(value)]));
  const inCerts = (name: string): string => join(dir, "certs", name);

  test("compose: as processes with the same command lines the nodes elect, are healthy, and take the load", async () => {
    const { certs, load } = file.services;
    expect((await processes.run(certs!.command!.map(here))).code).toBe(0);
    for (const [i, [, { command, environment }]] of nodes.entries()) {
      const env = Object.entries(hereAll(environment)).map(([key, value]) => {
        return [key, value.replace("0.0.0.0", addresses[i]!).replace("/data", dir)];
      });
      processes.start(command!.map(here), Object.fromEntries(env) as Record<string, string>);
    }
    const files = { ca: inCerts("ca.pem"), tokenFile: inCerts("token") };
    const at = addresses.map((host) => ({ host, port: 7301 }));
    await sameLeader(at, files);
    const healthy: Record<string, string> = {
      ...hereAll(nodes[0]![1].environment),
      ORDEAL_LISTEN_HTTP: `${addresses[0]}:7301`,
    };
    expect((await processes.run(["healthz"], healthy)).code).toBe(0);
    const { ORDEAL_TOKEN_FILE: _, ...tokenless } = healthy;
    const refused = await processes.run(["healthz"], tokenless);
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining("token")]);
    const short = load!.command!.map((word) => (word === "10m" ? "1500ms" : here(word)));
    const env = hereAll(load!.environment);
    await takesLoad(processes, [...short, "--warmup", "500ms", "--json"], env);
  });

  if (isInstalled("prometheus", "a scrape of secured nodes")) {
    test("compose: Prometheus with this configuration scrapes the nodes over TLS", async () => {
      const [port] = freePorts(1);
      const config = join(dir, "prometheus.yml");
      const text = names.reduce(
        (said, name, i) => said.replace(`${name}:`, `${addresses[i]}:`),
        SCRAPED,
      );
      writeFileSync(
        config,
        text
          .replaceAll("/certs/", `${inCerts("")}/`)
          .replaceAll(/(scrape|evaluation)_interval: 15s/g, "$1_interval: 500ms")
          .replace("[alerts.yml]", "[]"),
      );
      const flags = [`--config.file=${config}`, `--storage.tsdb.path=${join(dir, "tsdb")}`];
      processes.startOther([
        ...["prometheus", ...flags, `--web.listen-address=127.0.0.1:${port}`, "--log.level=warn"],
      ]);
      await until("every node is up", 60_000, async () => {
        const asked = `http://127.0.0.1:${port}/api/v1/query?query=sum(up)`;
        const said = await (await fetch(asked).catch(() => null))?.text();
        return said?.includes(`"${nodes.length}"]`) === true;
      });
    });
  }
}

test("compose: the command lines of workbench and chaos parse", async () => {
  for (const name of ["workbench", "chaos"]) {
    const { command } = file.services[name]!;
    const { code, out } = await processes.run([...command!, "--help"]);
    expect(code).toBe(0);
    const flags = command!.filter((word) => word.startsWith("--") && !word.startsWith("--no-"));
    for (const flag of flags) expect(out).toContain(flag);
  }
});
