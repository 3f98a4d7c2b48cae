import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseReport } from "../report/validate.ts";
import { until } from "../target/until.ts";

// Real clusters, real faults: a few seconds each, since elections and restarts take real time.

const MAIN = join(import.meta.dir, "main.ts");
const DSL = join(import.meta.dir, "..", "chaos", "dsl.ts");
const WITHIN_MS = 150_000;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-chaos-run-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function ordeal(...args: readonly string[]) {
  return Bun.spawn([process.execPath, MAIN, ...args], { stdout: "pipe", stderr: "pipe" });
}

/** Processes whose command line names `text`: a run's own all name its directory. */
async function processesNaming(text: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(text));
}

type Answer = {
  readonly verdict: string;
  readonly runs: readonly {
    readonly verdict: string;
    readonly command: string;
    readonly report: string;
    readonly html: string;
  }[];
};

test(
  "chaos run: leader-churn on real processes passes, and leaves its report, the logs and nothing else",
  async () => {
    const reports = join(dir, "churn");
    const args = ["leader-churn", "--duration", "5s", "--seed", "11", "--reports", reports];
    const child = ordeal("chaos", "run", ...args, "--json");
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect(await child.exited, err + out).toBe(0);

    const answer = JSON.parse(out) as Answer;
    const [run] = answer.runs;
    if (run === undefined) throw new Error(out);
    expect([answer.verdict, run.verdict]).toEqual(["pass", "pass"]);
    expect(run.command).toBe("ordeal chaos run leader-churn --seed 11 --duration 5s");
    const report = parseReport(await Bun.file(run.report).text(), run.report);
    expect(report.checks.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      "linearizable pass",
      "no-lost-acks pass",
      "one-leader-per-term pass",
      "recovered pass",
      "nodes-stayed-up pass",
      "no-process-left pass",
      "restarted pass",
      "not-vacuous pass",
    ]);
    expect(report.timeline?.faults.some(({ kind }) => kind === "crash")).toBe(true);
    expect(report.failovers.length).toBeGreaterThan(0);

    const left = (await readdir(join(run.report, ".."))).sort();
    expect(left).toEqual([
      ...["history.bin", "load.hlog", "logs", "report.html", "report.json", "report.md"],
    ]);
    expect(Object.keys(report.artifacts)).toEqual(expect.arrayContaining(["log of node-1"]));
    for (const path of Object.values(report.artifacts)) {
      expect(await Bun.file(join(run.report, "..", path)).exists(), path).toBe(true);
    }
    expect(await processesNaming(reports)).toEqual([]);
  },
  WITHIN_MS,
);

test(
  "chaos run: stale reads are caught, with the operations that prove it and the way to repeat it",
  async () => {
    // Reads from any node's own state: what a store that skips ReadIndex would do.
    const path = join(dir, "stale-reads.ts");
    await Bun.write(
      path,
      `import { defineScenario, during, faultHit, leader, mixedLoad, pause } from "${DSL}";
      export default defineScenario({
        name: "stale-reads", about: "Local reads are stale.",
        cluster: { nodes: 3, storage: "memory" },
        workload: mixedLoad({ keys: 4, reads: "local",
          mix: { get: 0.5, put: 0.5, cas: 0, append: 0, delete: 0 } }),
        durationMs: 2000, recoverWithinMs: 5000,
        faults: [during(800, 1600, pause(leader))],
        expect: ["linearizable"], aim: [faultHit("pause")],
      });\n`,
    );
    const reports = join(dir, "stale");
    const child = ordeal("chaos", "run", path, "--seed", "5", "--reports", reports);
    const out = await new Response(child.stdout).text();
    expect(await child.exited, out).toBe(2);
    expect(out).toContain("FAIL");
    expect(out).toContain(`ordeal chaos run ${path} --seed 5 --duration 2s`);
    const [runId] = await readdir(join(reports, "chaos", "stale-reads"));
    const folder = join(reports, "chaos", "stale-reads", runId ?? "");
    const report = parseReport(await Bun.file(join(folder, "report.json")).text(), folder);
    const check = report.checks.find(({ name }) => name === "linearizable");
    expect(check?.verdict).toBe("fail");
    expect(check?.evidence.length).toBeGreaterThan(1);
    expect((await readdir(folder)).includes("cluster")).toBe(true);
    expect(await processesNaming(reports)).toEqual([]);
  },
  WITHIN_MS,
);

test(
  "demo: Ctrl-C in the middle ends every process, leaves no run behind, and exits with 130",
  async () => {
    const reports = join(dir, "interrupted");
    await mkdir(reports);
    const child = ordeal("demo", "--reports", reports, "--seed", "1");
    let said = "";
    // Read to its end: a pipe that nobody reads any more would end the demo by itself.
    const reading = (async () => {
      for await (const chunk of child.stderr) said += new TextDecoder().decode(chunk);
    })();
    await until("it runs", WITHIN_MS, () => said.includes("  running  "));
    expect((await processesNaming(reports)).length).toBeGreaterThanOrEqual(5);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    await reading;
    expect(await processesNaming(reports)).toEqual([]);
    expect(await readdir(join(reports, "demo", "demo"))).toEqual([]);
  },
  WITHIN_MS,
);
