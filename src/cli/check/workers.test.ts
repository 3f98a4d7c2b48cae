import { expect, test } from "bun:test";
import { type CheckResult, checkHistory } from "../../check/check.ts";
import { synthesize } from "../../check/testing/synthetic.ts";
import { type History, OUTCOME_OK } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import { checkInWorkers } from "./workers.ts";

const OPTIONS = { now: () => performance.now(), timeoutMs: 60_000, memoryBytes: 1 << 28 };
/** Every key that is hard goes to a worker. */
const SHARED = { jobs: 3, tryMs: -1 };

const fewValues = (): History =>
  synthesize({ operations: 2000, clients: 8, keys: 4, values: 4, gets: 0.4, cas: 0.3 });

/** Lets a get of `key` find what it cannot have found: the key was absent at first only. */
function spoil(h: History, key: number): void {
  for (let row = h.count - 1; row >= 0; row--) {
    if (h.key[row] !== key || h.op[row] !== OP_GET || h.outcome[row] !== OUTCOME_OK) continue;
    h.value[row] = -1;
    return;
  }
}

test("check in workers: hard keys are searched one by one, with the verdict of a search here", async () => {
  const history = fewValues();
  const result = await checkInWorkers(history, OPTIONS, SHARED);
  if (result.kind !== "pass") throw new Error(JSON.stringify(result));
  expect(result.settledBy.search).toBe(4);
  expect<CheckResult>(result).toEqual(checkHistory(history, OPTIONS));
});

test("check in workers: appends and versions are searched there too", async () => {
  const appends = synthesize({ operations: 60, clients: 3, keys: 3, values: 2, appends: 0.2 });
  const versions = synthesize({
    ...{ operations: 200, clients: 3, keys: 3, values: 2, versioned: 0.3, deletes: 0.1 },
    ...{ versions: true, pending: 0.05 },
  });
  for (const history of [appends, versions]) {
    const result = await checkInWorkers(history, OPTIONS, SHARED);
    expect<CheckResult>(result).toEqual(checkHistory(history, OPTIONS));
  }
});

test("check in workers: of two violations the first key is told, whichever ends first", async () => {
  const history = fewValues();
  spoil(history, 1);
  spoil(history, 3);
  for (const sharing of [SHARED, { jobs: 1, tryMs: 50 }, { jobs: 2, tryMs: 10_000 }]) {
    const result = await checkInWorkers(history, OPTIONS, sharing);
    if (result.kind !== "fail") throw new Error(result.kind);
    expect(result.key).toBe("k1");
    expect(result.core.length).toBeGreaterThan(0);
  }
});

test("check in workers: out of time or memory is unknown, with what was ordered by then", async () => {
  const history = fewValues();
  const result = await checkInWorkers(history, { ...OPTIONS, memoryBytes: 3000 }, SHARED);
  if (result.kind !== "unknown") throw new Error(result.kind);
  expect(result.limit).toBe("memory");
  expect(result.unsettled).toBe(4);
});
