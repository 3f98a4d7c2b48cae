import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { keysOf } from "./keys.ts";
import { naive } from "./naive.ts";
import { isPending } from "./operations.ts";
import { coreAlone, refutedFromAnyState } from "./shrink.ts";
import { MIXED, mutate, recordOf, simulate } from "./testing/histories.ts";

const LIMITS = { now: () => 0, deadlineMs: 1, memoryBytes: 1 << 26 };

for (const [name, spec] of Object.entries({
  registers: { ...MIXED, appends: 0 },
  appends: { ...MIXED, appends: 0.4, versions: false },
  "appends with versions": { ...MIXED, appends: 0.4, deletes: 0 },
  "appends of few values": { ...MIXED, appends: 0.4, values: 2, versions: false },
})) {
  test(`shrink: what fits from no state that its window can begin in fits no order (${name})`, () => {
    let refuted = 0;
    for (let seed = 1; seed <= 2000; seed++) {
      const random = new Prng(seed).fork(name);
      const events = simulate(random, spec);
      mutate(random, events);
      const { model, operations: o } = keysOf(recordOf(events, 1)).at(0);
      const done = [...o.ops.keys()].filter((i) => !isPending(o, i));
      const core = done.filter(() => random.chance(0.7)).slice(0, 5);
      if (!refutedFromAnyState(model, o, core, LIMITS)) continue;
      refuted++;
      const rows = core.map((place) => o.ops[place]!);
      const alone = coreAlone(model, o, rows);
      if (naive(alone.model, alone.operations)) throw new Error(`seed ${seed}: ${core} is legal`);
    }
    expect(refuted).toBeGreaterThan(10);
  });
}
