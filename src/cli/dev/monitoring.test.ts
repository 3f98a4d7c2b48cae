import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseScrape } from "../../runtime/metrics/testing/scrape.ts";
import { freePorts } from "../../runtime/free-ports.ts";
import {
  clusterConfig,
  shardedConfig,
  tempDir,
  TestCluster,
} from "../../runtime/testing/cluster.ts";
import { isInstalled } from "../../target/external/binary.ts";
import { ExternalProcess } from "../../target/external/process.ts";
import { until } from "../../target/until.ts";
import { alertQueries, dashboards, MONITORING, otherQueries, panelQueries } from "./monitoring.ts";
import { queryParts } from "./promql.ts";

const WITHIN_MS = 30_000;
// Prometheus begins to scrape five seconds after its start, and there is no flag for that.
setDefaultTimeout(2 * WITHIN_MS);
const dir = tempDir();
let cluster: TestCluster;
let sharded: TestCluster;
beforeAll(async () => {
  cluster = new TestCluster(clusterConfig(3, join(dir.path, "plain"), "disk")).startAll();
  const shape = { shards: 8, groups: 2, replicas: 1 };
  sharded = new TestCluster(shardedConfig(1, join(dir.path, "shards"), "disk", shape)).startAll();
  const leader = await cluster.leader();
  const put = { method: "PUT", body: "red" };
  expect((await fetch(`${cluster.url(leader)}/kv/colour`, put)).status).toBe(200);
  await sharded.leader();
});
afterAll(async () => {
  await cluster.stopAll();
  await sharded.stopAll();
  dir.remove();
});

/** Labels of each metric that nodes export, with those that Prometheus adds. */
async function exported(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const labels = new Map<string, Set<string>>([
    ["up", new Set(["job", "instance"])],
    ["ALERTS", new Set(["alertname", "alertstate", "job", "instance"])],
  ]);
  for (const url of [cluster.url(await cluster.leader()), sharded.url(1)]) {
    const page = await (await fetch(`${url}/metrics`)).text();
    for (const series of parseScrape(page)) {
      const known = labels.get(series.name) ?? new Set(["job", "instance"]);
      for (const name of Object.keys(series.labels)) known.add(name);
      labels.set(series.name, known);
    }
  }
  return labels;
}

test("monitoring: every panel and alert asks for metrics and labels that nodes export", async () => {
  const labels = await exported();
  const boards = dashboards();
  const queries = [
    ...boards.flatMap((board) => [
      ...panelQueries(board, "ordeal"),
      ...otherQueries(board, "ordeal"),
    ]),
    ...alertQueries(),
  ];
  expect(boards.length).toBeGreaterThan(1);
  expect(queries.length).toBeGreaterThan(60);
  const problems = queries.flatMap(({ where, query }) => {
    expect(query, where).not.toContain("$");
    const { selectors, groupings } = queryParts(query);
    expect(selectors.length, where).toBeGreaterThan(0);
    const all = new Set(selectors.flatMap(({ metric }) => [...(labels.get(metric) ?? [])]));
    return [
      ...selectors.flatMap(({ metric, labels: asked }) => {
        const known = labels.get(metric);
        if (known === undefined) return [`${where}: no metric ${metric}`];
        return asked
          .filter((one) => !known.has(one))
          .map((one) => `${where}: ${metric} has no ${one}`);
      }),
      ...groupings.filter((one) => !all.has(one)).map((one) => `${where}: nothing has ${one}`),
    ];
  });
  expect(problems).toEqual([]);
});

test("monitoring: legends name labels that their query leaves, and panels do not overlap", () => {
  for (const { file, panels } of dashboards()) {
    for (const { title, targets = [], gridPos } of panels) {
      expect(gridPos.x + gridPos.w, `${file}: ${title}`).toBeLessThanOrEqual(24);
      for (const { expr, legendFormat } of targets) {
        const { groupings } = queryParts(expr);
        const asked = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
        if (groupings.length > 0) expect(groupings, `${file}: ${title}`).toContainValues(asked);
      }
    }
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size, file).toBe(cells.length);
  }
});

if (isInstalled("promtool", "tests of the alert rules")) {
  const promtool = (
    ...args: readonly string[]
  ): { readonly ok: boolean; readonly said: string } => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(["promtool", ...args], { cwd: MONITORING });
    return { ok: exitCode === 0, said: `${stdout.toString()}${stderr.toString()}` };
  };

  test("monitoring: promtool finds the alerts sound, and they fire when they should", () => {
    expect(promtool("check", "rules", "alerts.yml")).toMatchObject({ ok: true });
    expect(promtool("test", "rules", "alerts.test.yml")).toMatchObject({ ok: true });
  });

  test("monitoring: promtool finds each configuration sound", () => {
    const files = readdirSync(MONITORING).filter((file) => /^prometheus.*\.yml$/.test(file));
    expect(files).toHaveLength(4);
    // It looks for the files, and not into them.
    for (const name of ["ca.pem", "token"]) writeFileSync(join(dir.path, name), "");
    for (const file of files) {
      // Debian's promtool is built without Kubernetes; the rest of that file is checked.
      const text = readFileSync(join(MONITORING, file), "utf8")
        .replace(/kubernetes_sd_configs:\n\s+- role: pod/, "static_configs: [{ targets: [a:1] }]")
        .replaceAll("/certs/", `${dir.path}/`)
        .replace("[alerts.yml]", `[${resolve(MONITORING, "alerts.yml")}]`);
      const copy = join(dir.path, file);
      writeFileSync(copy, text);
      expect(promtool("check", "config", copy)).toMatchObject({ ok: true });
    }
  });
}

if (isInstalled("prometheus", "a scrape of a cluster by Prometheus itself")) {
  describe("monitoring: Prometheus", () => {
    let prometheus: ExternalProcess;
    let url = "";
    beforeAll(async () => {
      const home = join(dir.path, "prometheus");
      mkdirSync(home, { recursive: true });
      const targets = (of: TestCluster): string =>
        of.config.nodes.map(({ host, httpPort }) => `"${host}:${httpPort}"`).join(", ");
      const text = readFileSync(join(MONITORING, "prometheus.yml"), "utf8")
        .replaceAll(/(scrape|evaluation)_interval: 15s/g, "$1_interval: 500ms")
        .replace("[alerts.yml]", `[${resolve(MONITORING, "alerts.yml")}]`)
        .replace(/targets: \[.*\]/, `targets: [${targets(cluster)}]`);
      const shards = `  - { job_name: sharded, static_configs: [{ targets: [${targets(sharded)}] }] }\n`;
      const config = join(home, "prometheus.yml");
      writeFileSync(config, text + shards);
      const [port] = freePorts(1);
      url = `http://127.0.0.1:${port}`;
      const flags = [
        ...[`--config.file=${config}`, `--storage.tsdb.path=${join(home, "data")}`],
        ...[`--web.listen-address=127.0.0.1:${port}`, "--log.level=warn"],
      ];
      const log = join(home, "log");
      prometheus = new ExternalProcess("prometheus", ["prometheus", ...flags], log);
      await until("prometheus is ready", WITHIN_MS, async () => {
        if (!prometheus.running) throw new Error(`prometheus ended: ${prometheus.said}`);
        return (await fetch(`${url}/-/ready`).catch(() => null))?.ok;
      });
    });
    afterAll(() => prometheus.kill());

    type Result = readonly { readonly value: readonly [number, string] }[];
    async function ask(query: string): Promise<Result> {
      const body = new URLSearchParams({ query });
      const response = await fetch(`${url}/api/v1/query`, { method: "POST", body });
      const reply = (await response.json()) as { error?: string; data: { result: Result } };
      expect(reply.error, query).toBeUndefined();
      return reply.data.result;
    }
    const isNow = async (query: string, value: number): Promise<boolean> =>
      (await ask(query)).some((series) => Number(series.value[1]) === value);

    test("it scrapes all nodes, and knows what they know", async () => {
      for (const [query, value] of [
        ['sum(up{job="ordeal"})', 3],
        ['sum(ordeal_server_is_leader{job="ordeal"})', 1],
        ['min(ordeal_debugging_mvcc_keys_total{job="ordeal"})', 1],
        ['ordeal_groups{job="sharded"}', 3],
      ] as const) {
        await until(`${query} is ${value}`, WITHIN_MS, () => isNow(query, value), 50);
      }
      const query = 'max(ordeal_raft_term{job="ordeal"})';
      const term = (): number => cluster.nodes.get(1)!.status().term;
      await until(`${query} is that of node 1`, WITHIN_MS, () => isNow(query, term()), 50);
    });

    test("every panel has something to show", async () => {
      await until("two scrapes, which rates need", WITHIN_MS, () =>
        isNow("min(count_over_time(up[1m])) >= bool 3", 1),
      );
      // Something for the rates to tell.
      const leader = await cluster.leader();
      await fetch(`${cluster.url(leader)}/kv/colour`, { method: "PUT", body: "green" });
      for (const board of dashboards()) {
        const job = board.uid === "ordeal-shards" ? "sharded" : "ordeal";
        for (const { where, query } of panelQueries(board, job)) {
          await until(
            `${where} shows something`,
            WITHIN_MS,
            async () => (await ask(query)).length > 0,
            50,
          );
        }
      }
    });

    test("every alert is evaluated without an error, and one sees a node that is gone", async () => {
      type Rule = { readonly name: string; readonly health: string; readonly state: string };
      const rules = async (): Promise<readonly Rule[]> => {
        const reply = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
          readonly data: { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
        };
        return reply.data.groups.flatMap((group) => group.rules);
      };
      await until("all are evaluated", WITHIN_MS, async () =>
        (await rules()).every(({ health }) => health !== "unknown"),
      );
      const names = alertQueries().map(({ where }) => where.replace("alert ", ""));
      expect((await rules()).map(({ name, health }) => `${name} ${health}`)).toEqual(
        names.map((name) => `${name} ok`),
      );
      const gone = (await cluster.leader()) === 3 ? 2 : 3;
      await cluster.stop(gone);
      const state = (all: readonly Rule[]) =>
        all.find(({ name }) => name === "OrdealNodeDown")!.state;
      await until("the alert waits", WITHIN_MS, async () => state(await rules()) === "pending", 50);
    });
  });
}
