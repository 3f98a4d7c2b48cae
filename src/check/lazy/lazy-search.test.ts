import { expect, test } from "bun:test";
import { type History, NO_RETURN, OUTCOME_MISMATCH, OUTCOME_OK } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { keysOf } from "../keys.ts";
import { naive } from "../naive.ts";
import { type Operations, select } from "../operations.ts";
import { search } from "../search.ts";
import { type SyntheticSpec, synthesize } from "../testing/synthetic.ts";
import { isWitness } from "../witness.ts";
import { lazySearch } from "./lazy-search.ts";
import { CAS, READ, registerOps, WRITE } from "./register-ops.ts";

const LIMITS = { now: () => 0, deadlineMs: 1, memoryBytes: 1 << 28 };
const FEW_VALUES = { values: 5, gets: 0.34, cas: 0.33 };

/** The only key of `history`; it must be one for lazy search. */
function keyOf(history: History) {
  const { model, operations } = keysOf(history).at(0);
  expect(registerOps(model, operations, model.init)).not.toBeNull();
  return { model, operations };
}

/** Changes what some operations found, so that the history is probably not linearizable any more. */
function spoil(random: Prng, h: History): void {
  for (let changes = random.below(3); changes > 0; changes--) {
    const row = random.below(h.count);
    if (h.ret[row] === NO_RETURN) continue;
    if (h.op[row] === OP_GET) h.value[row] = random.between(-1, h.values.size - 1);
    else if (h.expectedValue![row]! >= 0) {
      h.outcome[row] = h.outcome[row] === OUTCOME_OK ? OUTCOME_MISMATCH : OUTCOME_OK;
    }
  }
}

test("lazy search: agrees with trying every order", () => {
  const verdicts = { legal: 0, illegal: 0 };
  for (let seed = 1; seed <= 4000; seed++) {
    const random = new Prng(seed);
    const history = synthesize({
      ...{ seed, operations: 4 + random.below(7), clients: 2 + random.below(5) },
      ...{
        values: 1 + random.below(4),
        gets: random.float() * 0.5,
        cas: 0.1 + random.float() * 0.4,
      },
      ...{ deletes: random.float() * 0.1, pending: random.chance(0.4) ? 0.3 : 0 },
    });
    spoil(random, history);
    const { model, operations } = keyOf(history);
    const isLegal = naive(model, operations);
    const outcome = search(model, operations, LIMITS);
    if ((outcome.kind === "legal") !== isLegal) throw new Error(`seed ${seed}: ${outcome.kind}`);
    if (outcome.kind === "legal" && !isWitness(model, operations, outcome.witness)) {
      throw new Error(`seed ${seed}: the order does not replay`);
    }
    verdicts[isLegal ? "legal" : "illegal"]++;
  }
  expect(verdicts.legal).toBeGreaterThan(500);
  expect(verdicts.illegal).toBeGreaterThan(500);
});

test("lazy search: what a correct store did is legal, whatever overlaps and repeats", () => {
  const specs: readonly (readonly [seeds: number, spec: Partial<SyntheticSpec>])[] = [
    [2, { ...FEW_VALUES, operations: 10_000, clients: 64 }],
    [4, { ...FEW_VALUES, operations: 10_000, clients: 16 }],
    [10, { ...FEW_VALUES, operations: 2000, clients: 16, pending: 0.05 }],
    [10, { values: 3, gets: 0.1, cas: 0.8, operations: 300, clients: 8 }],
  ];
  for (const [seeds, spec] of specs) {
    for (let seed = 1; seed <= seeds; seed++) {
      const { model, operations } = keyOf(synthesize({ ...spec, seed }));
      const outcome = search(model, operations, LIMITS);
      if (outcome.kind !== "legal") throw new Error(`seed ${seed}: ${JSON.stringify(spec)}`);
      expect(isWitness(model, operations, outcome.witness)).toBe(true);
    }
  }
});

test("lazy search: of two compare-and-sets alike the later may have to go first", () => {
  // The read needs a 2 after 4, which only the one called at 3 can leave at that time; the one called
  // at 0, which returns first, fits between the two writes.
  const o = {
    ...{ count: 5, values: 3, kind: Uint8Array.of(CAS, WRITE, WRITE, CAS, READ) },
    from: Int32Array.of(1, -1, -1, 1, 2),
    to: Int32Array.of(2, 1, 1, 2, -1),
    call: Int32Array.of(0, 1, 2, 5, 6),
    ret: Int32Array.of(8, 4, 3, 9, 7),
  };
  const outcome = lazySearch(o, LIMITS);
  if (outcome.kind !== "legal") throw new Error(outcome.kind);
  expect([...outcome.witness]).toEqual([2, 0, 1, 3, 4]);
});

test("lazy search: what no neighbour explains is refuted by a few thousand of the steps behind it", () => {
  const history = synthesize({ ...FEW_VALUES, seed: 3, operations: 10_000, clients: 16 });
  let row = 5000;
  while (history.op[row] !== OP_GET) row++;
  history.value[row] = -1; // The key was absent at first only.
  const { model, operations } = keyOf(history);
  let looks = 0;
  const limits = { ...LIMITS, now: () => looks++, deadlineMs: 200 };
  const outcome = search(model, operations, limits);
  if (outcome.kind !== "illegal") throw new Error(outcome.kind);
  expect(operations.ret[outcome.stuck]!).toBeLessThanOrEqual(operations.ret[row]!);
});

test("lazy search: out of time or memory, the longest legal prefix replays", () => {
  const { model, operations } = keyOf(
    synthesize({ ...FEW_VALUES, operations: 20_000, clients: 16 }),
  );
  let looks = 0;
  const outOfTime = { now: () => looks++, deadlineMs: 10, memoryBytes: 1 << 28 };
  const outOfMemory = { ...LIMITS, memoryBytes: 1 << 20 };
  for (const [limit, limits] of [
    ["time", outOfTime],
    ["memory", outOfMemory],
  ] as const) {
    const outcome = search(model, operations, limits);
    if (outcome.kind !== "unknown") throw new Error(outcome.kind);
    expect(outcome.limit).toBe(limit);
    if (limit === "time") expect(outcome.prefix.length).toBeGreaterThan(1000);
    const places = [...outcome.prefix].sort((a, b) => a - b);
    const number = new Map(places.map((place, i) => [place, i]));
    const part: Operations<number> = select(operations, places, () => false);
    const order = Int32Array.from(outcome.prefix, (place) => number.get(place)!);
    expect(isWitness(model, part, order)).toBe(true);
    // Nothing that is left out had returned before something of it was called.
    const lastCall = Math.max(...places.map((place) => operations.call[place]!));
    const left = [...operations.ops.keys()].filter((place) => !number.has(place));
    for (const place of left) expect(operations.ret[place]!).toBeGreaterThan(lastCall);
  }
});
