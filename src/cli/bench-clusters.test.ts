import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseReport } from "../report/validate.ts";

let reports = "";
beforeAll(async () => {
  reports = await mkdtemp(join(tmpdir(), "ordeal-bench-clusters-"));
});
afterAll(() => rm(reports, { recursive: true, force: true }));

/** Runs a suite of the tests on real processes. A busy machine makes verdicts unknown: exit code 3. */
async function run(name: string) {
  const main = join(import.meta.dir, "main.ts");
  const suite = join(import.meta.dir, `testing/suites/${name}.ts`);
  const flags = ["--quick", "--json", "--reports", reports];
  const child = Bun.spawn([process.execPath, main, "bench", "run", suite, ...flags], {
    ...{ stdout: "pipe", stderr: "pipe" },
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect([0, 3], err).toContain(await child.exited);
  const { html, ...document } = JSON.parse(out).suites[0];
  const json = join(dirname(html), "report.json");
  expect(existsSync(join(dirname(html), "work"))).toBe(false);
  const report = parseReport(await Bun.file(json).text(), json);
  return { document, report, page: await Bun.file(html).text() };
}

const LONG = 170_000;

test(
  "ordeal bench run of a sweep: rates as planned, each with its throughput and p99, and a chart",
  async () => {
    const { report, page } = await run("tiny-sweep");
    const [sweep] = report.sweeps!;
    const rates = [...new Set(sweep!.steps.map(({ rate }) => rate))];
    // On a machine that is too busy for 20 a second, the search goes down from there.
    expect(rates).toContain(20);
    expect(rates.every((rate) => rate <= 40)).toBe(true);
    for (const { ok, why, limit } of sweep!.steps)
      expect([why, limit].every((it) => (it === null) === ok)).toBe(true);
    expect(report.checks[0]!.name).toBe("in memory: saturation");
    expect(page).toContain('class="sweep"');
    expect(page).toContain("Saturation");
  },
  LONG,
);

test(
  "ordeal bench run of failovers: every kill with its parts, and medians against the goal",
  async () => {
    const { report, document } = await run("tiny-failover");
    expect(report.failovers.length).toBe(2);
    for (const { oldLeader, newLeader } of report.failovers) {
      expect(newLeader).not.toBe(oldLeader);
    }
    const names = report.figures!.map(({ name }) => name);
    expect(names).toEqual(
      ["detection", "election", "first acknowledged write"].map(
        (what) => `in memory: SIGKILL to ${what}`,
      ),
    );
    expect(document.kills[0].times.length).toBe(2);
    const [detected, elected, written] = report.figures!.map(({ value }) => value);
    expect(detected! <= elected! && elected! <= written!).toBe(true);
  },
  LONG,
);

test(
  "ordeal bench run of loads: keys put beforehand, reads by lease proven, scans, snapshots meanwhile",
  async () => {
    const { report } = await run("tiny-load");
    expect(report.loads.map(({ name }) => name)).toEqual(["lease", "scans", "snapshots"]);
    const lease = report.checks.find(({ name }) => name === "lease: reads as asked for");
    expect(lease?.detail).toMatch(/^[1-9][\d,]* of [\d,]+ reads were served by lease$/);
    const scans = report.loads[1]!.result;
    expect(Object.keys(scans.byOp)).toEqual(["rmw", "scan"]);
    for (const { counts } of Object.values(scans.byOp)) expect(counts.ok).toBeGreaterThan(0);
    expect(report.figures!.map(({ name }) => name)[0]).toBe(
      "snapshots: longest time without an acknowledged operation",
    );
  },
  LONG,
);
