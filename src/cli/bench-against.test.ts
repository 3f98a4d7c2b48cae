import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseReport } from "../report/validate.ts";
import { isInstalled } from "../target/external/binary.ts";

const SUITE = join(import.meta.dir, "testing/suites/two-systems.ts");
const LONG = 120_000;

let reports = "";
beforeAll(async () => {
  reports = await mkdtemp(join(tmpdir(), "ordeal-bench-against-"));
});
afterAll(() => rm(reports, { recursive: true, force: true }));

function bench(...args: readonly string[]) {
  const main = join(import.meta.dir, "main.ts");
  const run = Bun.spawnSync([process.execPath, main, "bench", "run", ...args]);
  return { exit: run.exitCode, out: run.stdout.toString(), err: run.stderr.toString() };
}

if (isInstalled("redis-server", "bench run --against redis"))
  test(
    "ordeal bench run --against: both systems in turns, one document with the ratios, and a report",
    async () => {
      const flags = ["--against", "redis", "--pairs", "2", "--quick", "--seed", "3"];
      const { exit, out, err } = bench(SUITE, ...flags, "--json", "--reports", reports);
      // 3: the machine was so busy that a run acknowledged nothing.
      expect([0, 3]).toContain(exit);
      const order = [...err.matchAll(/disk, 2 clients, (ordeal|redis), pair (\d)/g)];
      const [first, second] = order[0]![1] === "ordeal" ? ["ordeal", "redis"] : ["redis", "ordeal"];
      expect(order.map(([, name, pair]) => `${name} ${pair}`)).toEqual([
        ...[`${first} 1`, `${second} 1`, `${second} 2`, `${first} 2`],
      ]);
      const { suites } = JSON.parse(out);
      const [{ arms, pairs, cases, html, name }] = suites;
      expect({ name, pairs, arms }).toMatchObject({
        ...{ name: "two-systems", pairs: 2 },
        arms: [
          { name: "ordeal", client: expect.stringContaining("protocol") },
          { name: "redis", client: expect.stringContaining("RESP") },
        ],
      });
      for (const id of ["throughput", "p50", "p99"]) {
        const { ratio, low, high } = cases[0].ratio[id];
        if (exit === 0) expect(ratio).toBeGreaterThan(0);
        if (exit === 0) expect(low <= ratio && ratio <= high).toBe(true);
      }
      expect(cases[0].arms[1].durability).toEqual({
        survives: "on disk, synced, on one node",
        how: "appendonly yes appendfsync always",
      });
      expect(cases[0].arms[0].durability.survives).toBe("on disk, synced, on one node");
      const json = join(dirname(html), "report.json");
      const report = parseReport(await Bun.file(json).text(), json);
      expect(report.against?.cases).toEqual(cases);
      expect(report.command).toContain("--against redis --pairs 2");
      expect(report.loads.map((load) => load.name)).toEqual([
        ...["disk, 2 clients, ordeal", "disk, 2 clients, redis"],
      ]);
      expect(await Bun.file(html).text()).toContain('id="against-title"');
    },
    LONG,
  );

test(
  "ordeal bench run --against: what cannot be set against another is bad input",
  () => {
    const figures = join(import.meta.dir, "testing/suites/tiny.ts");
    for (const [args, complaint] of [
      [[figures, "--against", "etcd"], "measures parts of Ordeal"],
      [[SUITE, "--pairs", "3"], "there is only one system"],
      [[SUITE, "--against", "redis", "--pairs", "0"], "use 1 to 100"],
    ] as const) {
      const { exit, err } = bench(...args, "--reports", reports);
      expect(exit).toBe(64);
      expect(err).toContain(complaint);
    }
  },
  LONG,
);
