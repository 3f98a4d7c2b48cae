import { expect, test } from "bun:test";
import {
  type History,
  NO_RETURN,
  OP_CAS,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../../history/op.ts";
import { OP_GET, OP_PUT } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { checkHistory, type CheckResult } from "../check.ts";
import { contradicts } from "../contradiction.ts";
import { keysOf } from "../keys.ts";
import { naive } from "../naive.ts";
import type { KeyHistory, Path, PathVerdict } from "../path.ts";
import { type Event, recordOf } from "../testing/histories.ts";
import { synthesize, type SyntheticSpec } from "../testing/synthetic.ts";
import { isWitness } from "../witness.ts";
import { insertionPath } from "./insertion.ts";
import { registerPath } from "./register.ts";

const LIMITS = { now: () => 0, deadlineMs: 1, memoryBytes: 1 << 26 };
/** Short histories for each seed, of which about a half is not linearizable. */
const SEEDS = 1500;

/** Changes what one operation was told, or whether it was told anything. */
function mutate(random: Prng, h: History): void {
  const row = random.below(h.count);
  const other = random.below(h.count);
  if (h.op[row] === OP_GET && h.op[other] === OP_GET) h.value[row] = h.value[other]!;
  else if (h.op[row] === OP_GET && random.chance(0.1)) h.value[row] = random.below(h.values.size);
  else if (h.op[row] === OP_CAS && h.outcome[row] !== OUTCOME_INFO && random.chance(0.5)) {
    h.outcome[row] = h.outcome[row] === OUTCOME_OK ? OUTCOME_MISMATCH : OUTCOME_OK;
  } else if (h.op[row] === OP_CAS && random.chance(0.5)) {
    h.expectedValue![row] = random.below(h.values.size + 1) - 1;
  } else if (random.chance(0.3)) {
    h.outcome[row] = OUTCOME_INFO;
    h.ret[row] = NO_RETURN;
  }
}

type Counts = { legal: number; illegal: number; none: number };

/** Compares a path with naive search on random short histories; how often it gave what. */
function compare(name: string, spec: Partial<SyntheticSpec>, path: Path): Counts {
  const counts: Counts = { legal: 0, illegal: 0, none: 0 };
  const short = { operations: 9, clients: 4, gets: 0.5, ...spec };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Prng(seed).fork(name);
    const history = synthesize({ ...short, seed });
    for (let times = random.below(3); times > 0; times--) mutate(random, history);
    const key = keysOf(history).at(0);
    const verdict = path(key);
    counts[verdict?.kind ?? "none"]++;
    if (verdict !== null) compareOne(`seed ${seed}`, key, verdict);
    if (key.scratch.some((mark) => mark !== 0)) throw new Error(`seed ${seed}: scratch is left`);
  }
  return counts;
}

function compareOne(seed: string, key: KeyHistory, verdict: Exclude<PathVerdict, null>): void {
  const { model, operations, traits } = key;
  const legal = naive(model, operations);
  if (verdict.kind === "illegal") {
    if (legal) throw new Error(`${seed}: ${verdict.sentence}, but it is legal`);
    if (contradicts(key, verdict.core, LIMITS) !== true)
      throw new Error(`${seed}: core ${verdict.core}`);
    if (!traits.cas) expect(verdict.core.length).toBeLessThanOrEqual(6);
    for (const { before, after, why } of verdict.arrows) {
      if (![before, after].every((place) => verdict.core.includes(place))) {
        throw new Error(`${seed}: an arrow leaves the core`);
      }
      const isForced = operations.ret[before]! < operations.call[after]!;
      if (why === "realTime" && !isForced) throw new Error(`${seed}: an arrow is wrong`);
    }
  } else if (!legal) {
    throw new Error(`${seed}: legal, but it is not`);
  } else if (!traits.versions && !isWitness(model, operations, verdict.witness)) {
    throw new Error(`${seed}: the witness does not replay`);
  }
}

const REGISTERS: Readonly<Record<string, Partial<SyntheticSpec>>> = {
  "puts and gets": {},
  "unknown outcomes": { pending: 0.3 },
  "compare-and-set": { cas: 0.3, refused: 0 },
  "compare-and-set of unknown outcome": { cas: 0.4, refused: 0, pending: 0.3 },
  deletes: { deletes: 0.1, pending: 0.1 },
};

for (const [name, spec] of Object.entries(REGISTERS)) {
  test(`register: agrees with trying every order (${name})`, () => {
    const { legal, illegal, none } = compare(name, spec, registerPath);
    if (spec.cas === undefined && spec.deletes === undefined) expect(none).toBe(0);
    expect(legal).toBeGreaterThan(SEEDS / 10);
    expect(illegal).toBeGreaterThan(SEEDS / 50);
  });
}

test("insertion: agrees with trying every order, and seldom cannot tell", () => {
  let untold = 0;
  const spec = { cas: 0.5, gets: 0.3, refused: 0.5 };
  const { legal, illegal } = compare("refused", spec, (key) => {
    const verdict = insertionPath(key);
    if (verdict === null && key.traits.refusedCas && key.traits.uniqueValues) untold++;
    return verdict;
  });
  expect(legal).toBeGreaterThan(SEEDS / 4);
  expect(illegal).toBeGreaterThan(SEEDS / 50);
  expect(untold).toBeLessThan(SEEDS / 10);
});

/** The verdict and core on one key, whichever path gives it. */
const check = (spec: Partial<SyntheticSpec>): CheckResult =>
  checkHistory(synthesize(spec), { now: () => 0, timeoutMs: 1, memoryBytes: 1 << 26 });

test("register: long histories of 64 clients are settled without search", () => {
  const long = { operations: 50_000, clients: 64 };
  for (const [spec, method] of [
    [{}, "register"],
    [{ keys: 100 }, "register"],
    [{ pending: 0.05, cas: 0.2, refused: 0 }, "register"],
    [{ cas: 0.3, refused: 0.4 }, "insertion"],
  ] as const) {
    const result = check({ ...long, ...spec });
    if (result.kind !== "pass") throw new Error(`${JSON.stringify(spec)}: ${result.kind}`);
    expect(result.settledBy[method]).toBe(result.keys);
  }
});

test("register: one stale read among 50,000 operations leaves a core of 4 at most, in one sentence", () => {
  for (const staleReadAt of [0.1, 0.5, 0.9]) {
    const result = check({ operations: 50_000, clients: 64, pending: 0.01, staleReadAt });
    if (result.kind !== "fail") throw new Error(`${staleReadAt}: ${result.kind}`);
    expect(result.method).toBe("register");
    expect(result.core.length).toBeLessThanOrEqual(4);
    expect(result.arrows.length).toBeGreaterThanOrEqual(2);
    expect(result.sentence).toMatch(/^a read by client \d+ returned v\d+ after .+ had already /);
  }
});

test("register: ten thousand writes that never return do not hide a stale read", () => {
  const put = (process: number, value: string, at: number, returnedAt = at + 0.5): Event => ({
    ...{ process, op: OP_PUT, key: 0, value, expected: -1, version: -1, index: 0 },
    ...{ outcome: returnedAt === Infinity ? OUTCOME_INFO : OUTCOME_OK, calledAt: at, returnedAt },
  });
  const pending = Array.from({ length: 10_000 }, (_, i) => put(i, `v${i}`, i, Infinity));
  const read = { ...put(10_000, "a", 10_003), op: OP_GET };
  const events = [...pending, put(10_000, "a", 10_001), put(10_000, "b", 10_002), read];
  const result = checkHistory(recordOf(events, 1), { now: () => 0, timeoutMs: 1, memoryBytes: 1 });
  expect(result).toMatchObject({
    kind: "fail",
    core: [10_000, 10_001, 10_002],
    method: "register",
  });
});
