import { expect, test } from "bun:test";
import type { History } from "../history/op.ts";
import { Prng } from "../lib/prng.ts";
import { checkHistory } from "./check.ts";
import { naive } from "./naive.ts";
import { keysOf } from "./keys.ts";
import type { KeyHistory } from "./path.ts";
import { search } from "./search.ts";
import { coreAlone, shrink } from "./shrink.ts";
import { type HistorySpec, MIXED, mutate, recordOf, simulate } from "./testing/histories.ts";
import { isWitness } from "./witness.ts";

const OPTIONS = { now: () => 0, timeoutMs: 1, memoryBytes: 1 << 26 };
const LIMITS = { now: () => 0, deadlineMs: 1, memoryBytes: 1 << 26 };

const keyOf = (history: History): KeyHistory => keysOf(history).at(0);

const SPECS: Readonly<Record<string, HistorySpec>> = {
  "all operations": MIXED,
  "without versions": { ...MIXED, versions: false },
  "without indexes": { ...MIXED, indexes: false },
  "without versions and indexes": { ...MIXED, versions: false, indexes: false },
  "few values": { ...MIXED, values: 2, versions: false, indexes: false, deletes: 0.15 },
  appends: { ...MIXED, appends: 0.4, values: 2, versions: false },
  "many unknown outcomes": { ...MIXED, infos: 0.5, operations: 7, appends: 0, deletes: 0 },
  "versioned puts": { ...MIXED, versioned: 0.6, gets: 0.2, deletes: 0 },
};

for (const [name, spec] of Object.entries(SPECS)) {
  test(`check: agrees with trying every order (${name})`, () => {
    const verdicts = { pass: 0, fail: 0, unknown: 0 };
    for (let seed = 1; seed <= 1500; seed++) {
      const random = new Prng(seed).fork(name);
      const events = simulate(random, spec);
      if (seed % 3 !== 0) mutate(random, events);
      const history = recordOf(events, 1);
      const { model, operations } = keyOf(history);
      const legal = naive(model, operations);
      const result = checkHistory(history, OPTIONS);
      if (seed % 3 === 0 && !legal) throw new Error(`seed ${seed}: a correct run is illegal`);
      if (result.kind !== (legal ? "pass" : "fail")) {
        throw new Error(`seed ${seed}: ${result.kind}, but ${legal ? "legal" : "illegal"}`);
      }
      const found = search(model, operations, LIMITS);
      if (found.kind === "legal") {
        if (!isWitness(model, operations, found.witness)) throw new Error(`seed ${seed}: witness`);
      }
      if ((found.kind === "legal") !== legal) throw new Error(`seed ${seed}: search ${found.kind}`);
      verdicts[result.kind]++;
    }
    expect(verdicts.pass).toBeGreaterThan(500);
    expect(verdicts.fail).toBeGreaterThan(50);
  });
}

test("shrink: the core is illegal by itself, whatever the other writes did", () => {
  let cores = 0;
  for (let seed = 1; seed <= 4000; seed++) {
    const random = new Prng(seed);
    const events = simulate(random, { ...MIXED, versions: seed % 4 !== 0 });
    mutate(random, events);
    const { model, operations } = keyOf(recordOf(events, 1));
    const found = search(model, operations, LIMITS);
    if (found.kind !== "illegal") continue;
    const places = shrink(model, operations, found.stuck, LIMITS);
    const core = places.map((place) => operations.ops[place]!);
    const alone = coreAlone(model, operations, core);
    if (naive(alone.model, alone.operations)) throw new Error(`seed ${seed}: ${core} is legal`);
    expect(core.length).toBeLessThanOrEqual(6);
    cores++;
  }
  expect(cores).toBeGreaterThan(200);
});
