import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRequest, RunState } from "../../dashboard/runs/document.ts";
import { runRoutes } from "../../dashboard/runs/routes.ts";
import { parseReport } from "../../report/validate.ts";
import { childrenOf, isAlive } from "../../target/testing/processes.ts";
import { until } from "../../target/until.ts";
import { ChildRuns } from "./run-host.ts";

const WITHIN_MS = 100_000;
const TEST_MS = 120_000;

const dir = mkdtempSync(join(tmpdir(), "ordeal-runs-"));
const runs = new ChildRuns(dir);
afterAll(async () => {
  await runs.close();
  rmSync(dir, { recursive: true, force: true });
}, TEST_MS);

/** In virtual time: it is over in a second. */
const BRIDGE: RunRequest = {
  ...{ kind: "chaos", name: "bridge", target: "sim", seed: 7, durationMs: 2_000, nodes: 3 },
  parameters: {},
};

async function ended(): Promise<RunState> {
  await until("the run has ended", WITHIN_MS, () => runs.state.phase === "ended", 20);
  return runs.state;
}

test("runs of the dashboard: the catalogue has scenarios with what they break, labs, suites and the planted fault", async () => {
  const { entries, targets } = await runs.catalogue();
  const of = (kind: string, name: string) =>
    entries.find((entry) => entry.kind === kind && entry.name === name);
  expect(entries[0]).toMatchObject({ kind: "planted", name: "planted-stale-read" });
  expect(of("chaos", "bridge")).toMatchObject({ nodes: 5, faults: ["partition"] });
  expect(of("chaos", "storm")!.parameters.map(({ name }) => name)).toContain("loss");
  expect(of("bench", "put")!.about).not.toBe("");
  expect(entries.some(({ tags }) => tags.includes("mit"))).toBe(true);
  expect(targets[0]).toBe("ordeal");
}, 60_000);

test(
  "runs of the dashboard: a scenario runs as by the command line, with progress, verdict and report",
  async () => {
    const seen: RunState[] = [];
    const unwatch = runs.watch(() => seen.push(runs.state));
    runs.start(BRIDGE, "page 1");
    expect(() => runs.start(BRIDGE, "page 2")).toThrow("bridge runs: only one can at a time");
    const { outcome, command, by } = await ended();
    unwatch();
    expect(by).toBe("page 1");
    expect(command).toBe("ordeal chaos run bridge --seed 7 --duration 2s --target sim --nodes 3");
    expect(outcome, outcome!.said).toMatchObject({ verdict: "pass", wasInterrupted: false });
    expect(outcome!.checks.map(({ name }) => name)).toContain("linearizable");
    expect(seen.some(({ progress }) => progress?.seed === 7)).toBe(true);
    const path = join(dir, outcome!.folder!, "report.json");
    expect(parseReport(await Bun.file(path).text(), path).seed).toBe(7);
    expect(existsSync(join(dir, outcome!.folder!, "report.html"))).toBe(true);
  },
  TEST_MS,
);

test(
  "runs of the dashboard: a file of one's own runs too, and one that is no scenario says why",
  async () => {
    const path = join(dir, "broken.json");
    writeFileSync(path, "{}");
    runs.start({ ...BRIDGE, name: path }, "page 1");
    const { outcome } = await ended();
    expect(outcome).toMatchObject({ verdict: null, wasInterrupted: false, folder: null });
    expect(outcome!.said).toContain("broken.json");
  },
  TEST_MS,
);

test(
  "runs of the dashboard: stopped, it leaves no process and no report",
  async () => {
    runs.start(
      { ...BRIDGE, name: "paused-leader", target: "ordeal", durationMs: 60_000 },
      "page 1",
    );
    const hasNodes = ({ progress, phase }: RunState): boolean =>
      phase === "ended" || (progress?.nodes.length ?? 0) > 0;
    await until("nodes run", WITHIN_MS, () => hasNodes(runs.state), 20);
    expect(runs.state.phase, runs.state.outcome?.said).toBe("running");
    const children = childrenOf(process.pid);
    const processes = [...children, ...children.flatMap(childrenOf)].filter((pid) => pid > 0);
    expect(processes.length).toBeGreaterThan(3);
    runs.stop();
    const { outcome, phase } = await ended();
    expect({ phase, outcome }).toMatchObject({
      phase: "ended",
      outcome: { verdict: null, wasInterrupted: true, folder: null },
    });
    expect(() => runs.stop()).toThrow("nothing runs");
    expect(processes.filter(isAlive)).toEqual([]);
    expect(readdirSync(join(dir, "chaos", "paused-leader"))).toEqual([]);
  },
  TEST_MS,
);

test("runs of the dashboard: what is no request is refused in words", async () => {
  const app = runRoutes(runs);
  const start = async (request: object) => {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ ...BRIDGE, ...request });
    const response = await app.request("/start", { method: "POST", headers, body });
    return { status: response.status, said: JSON.stringify(await response.json()) };
  };
  for (const [request, word] of [
    [{ name: "--reports" }, "is no name"],
    [{ target: "mongo" }, "no target is named"],
    [{ durationMs: 1 }, "durationMs"],
    [{ nodes: 99 }, "nodes"],
    [{ parameters: { "--x": 1 } }, "parameters"],
    [{ shell: "rm" }, "shell"],
  ] as const) {
    const { status, said } = await start(request);
    expect({ request, status }).toEqual({ request, status: 400 });
    expect(said).toContain(word);
  }
  expect((await app.request("/stop", { method: "POST" })).status).toBe(409);
});
