import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Patch } from "../chaos/mutant.ts";
import { shortestCycle } from "../check/explain/arrows.ts";
import { parseReport } from "../report/validate.ts";
import { STALE_READS } from "./gate/planted.ts";
import { planted, runOrdeal } from "./testing/ordeal.ts";

const WITHIN_MS = 150_000;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-planted-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/**
 * Runs a shipped scenario with `plant` in every process of it: for long enough that a slow machine sees
 * the violation while it lasts, which ends it.
 */
async function runWith(plant: Patch, name: string, seed: number) {
  const args = ["chaos", "run", name, "--seed", `${seed}`, "--duration", "10s", "--reports", dir];
  return runOrdeal(args, await planted([plant], join(dir, `${name}.json`)));
}

test(
  "planted fault: gets from a node's own state instead of ReadIndex are illegal under a paused leader",
  async () => {
    const { code, out, err } = await runWith(STALE_READS, "paused-leader", 3);
    expect(code, out + err).toBe(2);
    expect(out).toContain("FAIL");
    expect(out).toContain("ordeal chaos run paused-leader --seed 3 --duration 10s");
    // The bug is beside the core, which did what it does.
    expect(out).toContain("the cores do again what they did");
    const folder = join(dir, "chaos", "paused-leader");
    const [runId = ""] = await readdir(folder);
    const path = join(folder, runId, "report.json");
    const report = parseReport(await Bun.file(path).text(), path);
    const check = report.checks.find(({ name }) => name === "linearizable");
    expect(check?.verdict).toBe("fail");
    // By the online checker, which ended the load; the full check came to the same end.
    expect(check?.detail).toContain("seen during the run");
    expect(check?.detail).toContain("which ended the load");
    // The operations that prove it: at the least a read, and what it should have seen.
    expect(check!.evidence.length).toBeGreaterThanOrEqual(2);
    expect(check!.evidence.some(({ text }) => text.startsWith("get"))).toBe(true);
    expect(check!.evidence.length).toBeLessThanOrEqual(6);
    // Drawn: the two orders that contradict each other, and what went on around them.
    expect(shortestCycle(check!.arrows ?? [])).not.toBeNull();
    expect(check!.window!.operations.filter(({ core }) => core > 0)).toHaveLength(
      check!.evidence.length,
    );
    const page = await Bun.file(join(folder, runId, "report.html")).text();
    expect(page).toContain('class="proof"');
    expect(page).toContain("box leader");
    expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
    expect(out).toContain("returned before it was called");
  },
  WITHIN_MS,
);

test(
  "planted fault: a patch that no longer fits ends the run instead of passing it",
  async () => {
    const plant = { file: "src/replica/replica.ts", find: "no such text", replace: "" };
    const { code } = await runWith(plant, "paused-leader", 3);
    expect(code).not.toBe(0);
    expect(code).not.toBe(2);
  },
  WITHIN_MS,
);
