import { expect, test } from "bun:test";
import { OUTCOME_FAIL } from "../history/op.ts";
import { keysOf } from "./keys.ts";
import { isEvidence } from "./operations.ts";
import { synthesize } from "./testing/synthetic.ts";

const MIXED = {
  ...{ operations: 2000, clients: 8, cas: 0.2, versioned: 0.1, deletes: 0.05, pending: 0.05 },
  ...{ versions: true, indexes: true },
};

for (const keys of [1, 7]) {
  test(`keys: every operation that says anything is at one place of its key (${keys} keys)`, () => {
    const history = synthesize({ ...MIXED, keys });
    for (let row = 0; row < history.count; row += 50) history.outcome[row] = OUTCOME_FAIL;
    const seen = new Set<number>();
    const split = keysOf(history);
    for (let k = 0; k < split.count; k++) {
      const { operations, placed } = split.at(k);
      for (let i = 0; i < operations.ops.length; i++) {
        const row = operations.ops[i]!;
        seen.add(row);
        expect(history.key[row]).toBe(k);
        expect([operations.call[i], operations.ret[i]]).toEqual([
          history.call[row],
          history.ret[row],
        ]);
        expect([
          placed.op[i],
          placed.outcome[i],
          placed.value[i],
          placed.expectedValue![i],
        ]).toEqual([
          history.op[row],
          history.outcome[row],
          history.value[row],
          history.expectedValue![row],
        ]);
      }
    }
    const evidence = [...history.op.keys()].filter((row) =>
      isEvidence(history.op[row]!, history.outcome[row]!),
    );
    expect([...seen].toSorted((a, b) => a - b)).toEqual(evidence);
  });
}

test("keys: the model by place does what the model by row does", () => {
  for (const spec of [MIXED, { ...MIXED, versions: false, versioned: 0 }]) {
    const split = keysOf(synthesize({ ...spec, keys: 5 }));
    for (let k = 0; k < split.count; k++) {
      const { operations, placed, model } = split.at(k);
      let state = model.init;
      for (let i = 0; i < operations.ops.length; i++) {
        const row = operations.ops[i]!;
        expect(placed.model.observes(i)).toBe(model.observes(row));
        expect(placed.model.step(state, i)).toBe(model.step(state, row));
        expect(placed.model.dead?.(state, i)).toBe(model.dead?.(state, row));
        state = model.observes(row) ? state : model.maybe(state, row);
      }
    }
  }
});

test("keys: traits tell what occurs among what says anything", () => {
  const traits = keysOf(synthesize({ operations: 200, cas: 0.3, refused: 0.5 })).at(0).traits;
  expect(traits).toMatchObject({ puts: true, cas: true, refusedCas: true, uniqueValues: true });
  expect(traits).toMatchObject({ appends: false, deletes: false, versions: false });
  const few = keysOf(synthesize({ operations: 200, values: 3 })).at(0).traits;
  expect(few.uniqueValues).toBe(false);
  expect(keysOf(synthesize({ operations: 200, deletes: 0.2 })).at(0).traits).toMatchObject({
    deletes: true,
    uniqueValues: false,
  });
});
