import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { contradicts, refutedInAnyOrder } from "./contradiction.ts";
import { keysOf } from "./keys.ts";
import { naive } from "./naive.ts";
import { isPending, select } from "./operations.ts";
import type { KeyHistory } from "./path.ts";
import { registerPath } from "./register/register.ts";
import { coreAlone } from "./shrink.ts";
import { type HistorySpec, MIXED, mutate, recordOf, simulate } from "./testing/histories.ts";
import { synthesize } from "./testing/synthetic.ts";

const LIMITS = { now: () => 0, deadlineMs: 1, memoryBytes: 1 << 26 };
const SEEDS = 1000;

/** Whether an order fits the core and some of the other writes, each in its time. */
function isPossible({ model, operations }: KeyHistory, core: readonly number[]): boolean {
  const rows = new Set(core.map((place) => operations.ops[place]!));
  const { operations: alone, model: believing } = coreAlone(model, operations, [...rows]);
  const places = [...alone.ops.keys()];
  const others = places.filter((place) => !rows.has(alone.ops[place]!));
  for (let happened = 0; happened < 2 ** others.length; happened++) {
    const without = new Set(others.filter((_, bit) => (happened & (1 << bit)) === 0));
    const kept = places.filter((place) => !without.has(place));
    const part = select(alone, kept, (place) => isPending(alone, place));
    if (naive(believing, part)) return true;
  }
  return false;
}

const SPECS: Readonly<Record<string, HistorySpec>> = {
  "all but appends": { ...MIXED, appends: 0 },
  "without versions": { ...MIXED, appends: 0, versions: false },
  "few values": { ...MIXED, appends: 0, values: 2, versions: false },
};

for (const [name, spec] of Object.entries(SPECS)) {
  test(`contradiction: what fails in any order is impossible (${name})`, () => {
    const counts = { refuted: 0, impossible: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new Prng(seed).fork(name);
      const events = simulate(random, { ...spec, operations: 7 });
      mutate(random, events);
      const key = keysOf(recordOf(events, 1)).at(0);
      const core: number[] = [];
      for (const place of key.operations.ops.keys()) if (random.chance(0.7)) core.push(place);
      const isRefuted = refutedInAnyOrder(key, core);
      const isImpossible = !isPossible(key, core);
      if (isRefuted && !isImpossible) throw new Error(`seed ${seed}: core ${core} is possible`);
      if (isRefuted) counts.refuted++;
      if (isImpossible) counts.impossible++;
    }
    expect(counts.impossible).toBeGreaterThan(SEEDS / 50);
    expect(counts.refuted).toBeGreaterThan(counts.impossible * 0.7);
  });
}

test("contradiction: of a stale read among 20,000 operations nothing of the core can be spared", () => {
  const key = keysOf(synthesize({ operations: 20_000, staleReadAt: 0.5 })).at(0);
  const verdict = registerPath(key);
  if (verdict?.kind !== "illegal") throw new Error("it must be illegal");
  expect(contradicts(key, verdict.core, LIMITS)).toBe(true);
  expect(refutedInAnyOrder(key, verdict.core.slice(0, 1))).toBe(false);
  expect(refutedInAnyOrder(key, verdict.core.slice(1, 2))).toBe(false);
});
