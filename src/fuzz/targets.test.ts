import { expect, test } from "bun:test";
import { join } from "node:path";
import { KIND } from "../wire/kinds.ts";
import { readCorpus } from "./corpus.ts";
import { runSession } from "./session.ts";
import type { FuzzTarget } from "./target.ts";
import { openTarget, TARGET_NAMES } from "./targets.ts";

const CORPUS = join(import.meta.dir, "testdata");
/** Mutants a target; enough to reach every outcome that is usual, and a fraction of a second. */
const EXECUTIONS = 250;

/** Tells all that it finds. */
async function findings(target: FuzzTarget, seed: number, corpus: readonly Uint8Array[]) {
  const found: string[] = [];
  const result = await runSession(target, {
    ...{ seed, corpus, executionsMax: EXECUTIONS, durationMs: 60_000, only: null, grows: false },
    before: () => {},
    onProgress: () => {},
    onFinding: ({ kind, what, input }) => void found.push(`${kind}: ${what}: ${input.toBase64()}`),
  });
  return { found, ...result };
}

for (const name of TARGET_NAMES) {
  test(`fuzz ${name}: what is kept because it failed once, and new mutants, do no harm`, async () => {
    const corpus = readCorpus(CORPUS, name).map(({ input }) => input);
    expect(corpus.length).toBeGreaterThan(5);
    const target = await openTarget(name);
    try {
      for (const seed of [1, 2]) {
        const { found, executions, outcomes } = await findings(target, seed, corpus);
        expect({ seed, found }).toEqual({ seed, found: [] });
        expect(executions).toBeGreaterThanOrEqual(EXECUTIONS);
        expect(outcomes).toBeGreaterThan(5);
      }
    } finally {
      await target.stop?.();
    }
  }, 60_000);
}

test("fuzz wire: there is a sample of every kind of frame", async () => {
  const { samples } = await openTarget("wire");
  const kinds = new Set(samples.map((sample) => sample[8]!));
  for (const kind of Object.values(KIND)) expect([kind, kinds.has(kind)]).toEqual([kind, true]);
});
