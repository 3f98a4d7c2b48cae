import { expect, test } from "bun:test";
import { OUTCOME_INFO, OUTCOME_MISMATCH, OUTCOME_OK } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { type CheckOptions, type CheckResult, checkHistory } from "./check.ts";
import { evidence } from "./describe.ts";
import { timeline } from "./explain/timeline.ts";
import { type Event, type HistorySpec, recordOf, simulate } from "./testing/histories.ts";

/** Long enough for a loaded machine; what is found in time does not depend on it. */
const OPTIONS: CheckOptions = {
  now: () => performance.now(),
  timeoutMs: 20_000,
  memoryBytes: 1 << 28,
};

/** An operation of client `process` from `calledAt` to `returnedAt` on key 0. */
function event(
  process: number,
  op: number,
  value: string | null,
  version: number,
  calledAt: number,
  returnedAt: number,
): Event {
  const outcome = returnedAt === Infinity ? OUTCOME_INFO : OUTCOME_OK;
  return {
    ...{ process, op, key: 0, value, expected: -1, outcome, version, index: 0 },
    ...{ calledAt, returnedAt },
  };
}

function failureOf(events: readonly Event[]): Extract<CheckResult, { kind: "fail" }> {
  const result = checkHistory(recordOf(events, 1), OPTIONS);
  if (result.kind !== "fail") throw new Error(`${result.kind}, but it must fail`);
  return result;
}

test("check: each kind of violation is named in one sentence", () => {
  const put1 = event(1, OP_PUT, "v1", 1, 0, 1);
  const put2 = event(1, OP_PUT, "v2", 2, 2, 3);
  const sentence = (...events: Event[]): string => failureOf(events).sentence;
  expect(
    sentence(put1, put2, event(3, OP_GET, "v2", 2, 4, 5), event(7, OP_GET, "v1", 1, 6, 7)),
  ).toBe(
    "a read by client 7 returned version 1 after a put by client 1 had already been acknowledged as version 2",
  );
  expect(sentence(put1, event(3, OP_GET, null, 0, 4, 5))).toBe(
    "a read by client 3 returned nothing after a put by client 1 had already been acknowledged as version 1",
  );
  expect(sentence(put1, event(3, OP_GET, "v9", 2, 4, 5))).toBe(
    "a get by client 3 returned v9, which nobody had written",
  );
  expect(sentence(event(3, OP_GET, "v1", 1, -3, -2), put1)).toBe(
    "a get by client 3 returned v1 before client 1 sent it",
  );
  expect(sentence(put1, event(2, OP_PUT, "v2", 1, 2, 3))).toBe(
    "the put by client 1 and the put by client 2 were both acknowledged as version 1",
  );
  expect(sentence(put1, put2, event(3, OP_GET, "v1", 2, 4, 5))).toBe(
    "version 2 has two values: v2 put by client 1, v1 read by client 3",
  );
  expect(
    sentence(put1, { ...put2, process: 4, expected: 1, outcome: OUTCOME_MISMATCH, version: 0 }),
  ).toBe(
    "a put by client 4 was refused at version 0 after a put by client 1 had already been acknowledged as version 1",
  );
});

test("check: without versions, a value that comes back is named", () => {
  const put = (v: number, at: number): Event => event(1, OP_PUT, `v${v}`, -1, at, at + 1);
  const get = (v: string | null, at: number): Event => event(2, OP_GET, v, -1, at, at + 1);
  expect(failureOf([put(1, 0), put(2, 2), get("v1", 4)])).toMatchObject({
    sentence:
      "a read by client 2 returned v1 after a put of v2 by client 1 had already been acknowledged",
    core: [0, 1, 2],
  });
  expect(failureOf([get(null, 0), put(1, 2), put(2, 4), get(null, 6)])).toMatchObject({
    sentence:
      "a read by client 2 returned nothing after a put of v1 by client 1 had already been acknowledged",
    core: [1, 3],
  });
});

test("check: a delete does not excuse a read of what was there before", () => {
  const events = [
    event(1, OP_PUT, "v1", 1, 0, 1),
    event(2, OP_DELETE, null, 0, 2, 3),
    event(3, OP_GET, "v1", 1, 4, 5),
  ];
  expect(failureOf(events).sentence).toBe(
    "a read by client 3 returned version 1 after a delete by client 2 had already been acknowledged",
  );
  expect(
    checkHistory(recordOf([events[0]!, { ...events[1]!, returnedAt: 6 }, events[2]!], 1), OPTIONS)
      .kind,
  ).toBe("pass");
});

test("check: appends that are lost, or applied twice, are refuted", () => {
  const append = (at: number, value: string): Event => event(1, OP_APPEND, value, -1, at, at + 1);
  const verdict = (read: string): string =>
    checkHistory(
      recordOf([append(0, "v1"), append(2, "v2"), event(2, OP_GET, read, -1, 4, 5)], 1),
      OPTIONS,
    ).kind;
  expect(verdict("v1v2")).toBe("pass");
  expect(verdict("v1")).toBe("fail");
  expect(verdict("v1v2v2")).toBe("fail");
  expect(verdict("v2v1")).toBe("fail");
});

test("check: a put without an answer may show late, but not after it was seen and gone", () => {
  const unknown = event(1, OP_PUT, "v1", -1, 0, Infinity);
  const put = event(2, OP_PUT, "v2", -1, 1, 2);
  const get = (value: string, at: number): Event => event(3, OP_GET, value, -1, at, at + 1);
  const verdict = (...events: Event[]): string => checkHistory(recordOf(events, 1), OPTIONS).kind;
  expect(verdict(unknown, put, get("v2", 3), get("v1", 5))).toBe("pass");
  expect(verdict(unknown, put, get("v1", 3), get("v1", 5))).toBe("pass");
  expect(verdict(unknown, put, get("v2", 3), get("v1", 5), get("v2", 7))).toBe("fail");
});

const LONG: HistorySpec = {
  ...{ operations: 20_000, clients: 16, keys: 1, values: 0, versions: true, indexes: true },
  ...{ gets: 0.5, versioned: 0.1, appends: 0, deletes: 0.01, infos: 0.002, fails: 0.01 },
};

/** Lets one get answer with what an earlier one read. */
function plantStaleRead(events: Event[]): void {
  const reads = events.filter(
    (e) => e.op === OP_GET && e.outcome === OUTCOME_OK && e.value !== null,
  );
  const victim = reads[Math.floor(reads.length * 0.7)]!;
  const { value, version } = reads[Math.floor(reads.length * 0.69)]!;
  Object.assign(victim, { value, version });
}

for (const [name, spec] of Object.entries<HistorySpec>({
  "with deletes": LONG,
  "without deletes": { ...LONG, deletes: 0 },
  "without log indexes": { ...LONG, indexes: false },
})) {
  test(`check: one stale read among 20,000 operations is found, with a core of 3 at most (${name})`, () => {
    const events = simulate(new Prng(11), spec);
    expect(checkHistory(recordOf(events, 1), OPTIONS).kind).toBe("pass");
    plantStaleRead(events);
    const { core, sentence } = failureOf(events);
    expect(core.length).toBeLessThanOrEqual(3);
    expect(sentence).toMatch(/^a read by client \d+ returned v(ersion )?\d+ after /);
  });
}

test("check: log indexes settle long histories, and search the keys that they cannot", () => {
  const spec = { ...LONG, operations: 100_000, clients: 64, keys: 200, deletes: 0.02 };
  const result = checkHistory(recordOf(simulate(new Prng(5), spec), spec.keys), OPTIONS);
  if (result.kind !== "pass") throw new Error(JSON.stringify(result));
  expect(result.settledBy.certificate).toBeGreaterThan(180);
  expect(result.settledBy.certificate + result.settledBy.search).toBe(200);
});

/** Puts that all overlap, and a read that none explains: nothing but search can tell. */
function hard(): Event[] {
  const puts = Array.from({ length: 40 }, (_, i) =>
    event(i, OP_APPEND, `v${i}`, -1, i / 100, 10 + i / 100),
  );
  return [...puts, event(50, OP_GET, `v3${"v4".repeat(39)}`, -1, 20, 21)];
}

test("check: out of time or memory is unknown, with the reason, never a pass", () => {
  const history = recordOf(hard(), 1);
  let ticks = 0;
  const timed = checkHistory(history, { ...OPTIONS, now: () => ticks++, timeoutMs: 20 });
  expect(timed).toMatchObject({ kind: "unknown", limit: "time", key: "k0", unsettled: 1 });
  const small = checkHistory(history, { ...OPTIONS, memoryBytes: 1 << 20 });
  expect(small).toMatchObject({ kind: "unknown", limit: "memory" });
  if (small.kind === "unknown") {
    expect(small.detail).toMatch(/^memory ran out after \d+ of 41 operations of key k0 /);
  }
});

test("check: a violation on one key beats an unknown on another", () => {
  const stale = [event(60, OP_PUT, "v100", 1, 0, 1), event(60, OP_GET, null, 0, 2, 3)].map((e) => ({
    ...e,
    key: 1,
  }));
  const result = checkHistory(recordOf([...hard(), ...stale], 2), { ...OPTIONS, memoryBytes: 1 });
  expect(result).toMatchObject({ kind: "fail", key: "k1" });
});

test("describe: operations in words, and as bars in order of events", () => {
  const history = recordOf(
    [
      event(1, OP_PUT, "v42", 3, 0, 4),
      event(2, OP_APPEND, "v5", -1, 1, Infinity),
      event(3, OP_GET, "v42", 3, 2, 3),
      { ...event(7, OP_PUT, "v9", 3, 5, 6), expected: 2, outcome: OUTCOME_MISMATCH },
      event(7, OP_GET, null, 0, 7, 8),
      event(7, OP_DELETE, null, 0, 9, 10),
    ],
    1,
  );
  const rows = [0, 1, 2, 3, 4, 5];
  expect(timeline(history, rows)).toEqual([
    "client 1  put k0 v42 → version 3                         ├───────────┤",
    "client 2  append k0 v5 → no answer                          ├─────────────────────────────…",
    "client 3  get k0 → v42, version 3                              ├──┤",
    "client 7  put k0 v9 if version 2 → refused at version 3                 ├──┤",
    "client 7  get k0 → nothing                                                    ├──┤",
    "client 7  delete k0 → ok                                                            ├──┤",
  ]);
  expect(evidence(history, [1, 2])).toEqual([
    { process: 2, text: "append k0 v5 → no answer", callUs: 1, returnUs: null },
    { process: 3, text: "get k0 → v42, version 3", callUs: 2, returnUs: 3 },
  ]);
});
