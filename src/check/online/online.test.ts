import { describe, expect, test } from "bun:test";
import { OUTCOME_FAIL, OUTCOME_INFO, OUTCOME_MISMATCH, OUTCOME_OK } from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { checkHistory } from "../check.ts";
import { type Event, MIXED, mutate, simulate } from "../testing/histories.ts";
import type { ReadValue } from "./content.ts";
import { OnlineChecker, type OnlineViolation } from "./online.ts";
import { follow } from "./testing/follow.ts";
import {
  historyOf,
  PLANTS,
  runStore,
  STORE,
  type StoreEvent,
  type StoreSpec,
} from "./testing/store.ts";

const LIMITS = { now: () => performance.now(), timeoutMs: 20_000, memoryBytes: 1 << 28 };
const NONE = -1;
/** No machine is so slow. */
const PATIENT_MS = 60_000;

/** A checker of one key, fed by hand. */
class Bench {
  readonly #checker = new OnlineChecker({ slots: 8 });

  call(slot: number, op: number, value = NONE, expected = -1): void {
    this.#checker.invoke(slot, slot, op, 0, value, expected);
  }

  end(slot: number, outcome: number, version = -1, value: ReadValue = NONE): string | null {
    return this.#checker.complete(slot, outcome, version, 0, value)?.sentence ?? null;
  }

  put(slot: number, value: number, version: number): string | null {
    this.call(slot, OP_PUT, value);
    return this.end(slot, OUTCOME_OK, version);
  }

  get(slot: number, version: number, value: ReadValue): string | null {
    this.call(slot, OP_GET);
    return this.end(slot, OUTCOME_OK, version, value);
  }
}

describe("online checker, by version", () => {
  test("a read of an older version than one already told", () => {
    const bench = new Bench();
    bench.put(1, 11, 1);
    bench.call(5, OP_GET);
    bench.put(1, 12, 2);
    expect(bench.end(5, OUTCOME_OK, 1, 11)).toBeNull();
    expect(bench.get(2, 2, 12)).toBeNull();
    expect(bench.get(3, 1, 11)).toBe(
      "a read by client 3 returned version 1 after a write by client 1 had already been acknowledged as version 2",
    );
    expect(bench.get(3, 1, 11)).toBeNull(); // Told once a key.
  });

  test("one version acknowledged for two writes that were concurrent", () => {
    const bench = new Bench();
    bench.call(1, OP_PUT, 11);
    bench.call(2, OP_PUT, 12);
    expect(bench.end(1, OUTCOME_OK, 1)).toBeNull();
    expect(bench.end(2, OUTCOME_OK, 1)).toBe(
      "a write by client 1 and a put by client 2 were both acknowledged as version 1",
    );
  });

  test("a value that nobody can have written, and one whose writer is still outstanding", () => {
    const bench = new Bench();
    bench.call(1, OP_PUT, 11);
    expect(bench.get(2, 1, 11)).toBeNull();
    expect(bench.end(1, OUTCOME_OK, 1)).toBeNull();
    expect(bench.get(2, 2, 99)).toBe(
      "a read by client 2 returned v99 as version 2, which nobody can have written",
    );
    expect(new Bench().get(2, 1, "damaged 0011")).toContain("which nobody can have written");
  });

  test("a value that its writer says is another version's", () => {
    const bench = new Bench();
    bench.call(1, OP_PUT, 11);
    bench.call(3, OP_PUT, 12);
    expect(bench.get(2, 2, 11)).toBeNull();
    expect(bench.end(3, OUTCOME_OK, 2)).toContain("version 2 has two values");
  });

  test("an append that was applied twice, and one that is gone", () => {
    for (const [version, value] of [
      [3, "v11v12v12"],
      [2, 11],
      [2, "v12v11"],
    ] as const) {
      const bench = new Bench();
      bench.put(1, 11, 1);
      bench.call(1, OP_APPEND, 12);
      expect(bench.end(1, OUTCOME_OK, 2)).toBeNull();
      expect(bench.get(2, version, value)).not.toBeNull();
    }
  });

  test("a version that no write accounts for, unless an unknown one may", () => {
    const bench = new Bench();
    bench.put(1, 11, 1);
    expect(bench.put(1, 12, 3)).toContain("no write accounts for");

    const other = new Bench();
    other.put(1, 11, 1);
    other.call(2, OP_PUT, 20);
    other.end(2, OUTCOME_INFO);
    expect(other.put(1, 12, 3)).toBeNull();
    expect(other.put(1, 13, 4)).toBeNull();
    expect(other.put(1, 14, 6)).toContain("no write accounts for");
  });

  test("an unknown write cannot have made a version that was over before it was sent", () => {
    const bench = new Bench();
    bench.call(3, OP_PUT, 30);
    bench.call(4, OP_GET);
    bench.end(3, OUTCOME_INFO);
    bench.put(1, 11, 2);
    bench.call(2, OP_PUT, 20);
    bench.end(2, OUTCOME_INFO);
    expect(bench.end(4, OUTCOME_OK, 1, 20)).toContain("which nobody can have written");
  });

  test("refused at the version that it expected; done at another", () => {
    const bench = new Bench();
    bench.put(1, 11, 1);
    bench.call(2, OP_PUT, 12, 1);
    expect(bench.end(2, OUTCOME_MISMATCH, 1)).toContain("which it had expected");
    const other = new Bench();
    other.call(2, OP_PUT, 12, 0);
    expect(other.end(2, OUTCOME_OK, 2)).toContain("that expected version 0");
  });

  test("a write that failed has written nothing", () => {
    const bench = new Bench();
    bench.call(1, OP_PUT, 11);
    bench.end(1, OUTCOME_FAIL);
    expect(bench.get(2, 1, 11)).toContain("which nobody can have written");
  });

  test("a get that hangs while 10,000 versions pass keeps no more than the limit, and no alarm", () => {
    const bench = new Bench();
    bench.call(5, OP_GET);
    for (let i = 1; i <= 10_000; i++) expect(bench.put(1, i, i)).toBeNull();
    expect(bench.end(5, OUTCOME_OK, 7, 4711)).toBeNull(); // Forgotten: left to the final check.
    expect(bench.get(2, 9_999, 9_999)).not.toBeNull();
  });
});

test("online checker, by window: a value that comes back after a delete", () => {
  const checker = new OnlineChecker({ slots: 2 });
  let index = 0;
  const run = (op: number, value: number, version: number, read = NONE): string | null => {
    checker.invoke(0, 0, op, 0, value, -1);
    return checker.complete(0, OUTCOME_OK, version, ++index, read)?.sentence ?? null;
  };
  expect(run(OP_PUT, 1, 1)).toBeNull();
  expect(run(OP_DELETE, NONE, 0)).toBeNull();
  expect(run(OP_GET, NONE, 0)).toBeNull();
  expect(run(OP_PUT, 2, 1)).toBeNull();
  expect(run(OP_GET, NONE, 1, 1)).toContain("fit no order");
});

const MIXES: Readonly<Record<string, Partial<StoreSpec>>> = {
  puts: { versioned: 0.2 },
  "one busy key": { keys: 1, clients: 24 },
  appends: { appends: 0.3 },
  "many unknown": { infos: 0.15, clients: 4 },
  deletes: { deletes: 0.1 },
  "no versions": { versions: false, versioned: 0, clients: 4 },
  "neither versions nor indexes": { versions: false, indexes: false, versioned: 0, clients: 4 },
};

for (const [name, mix] of Object.entries(MIXES)) {
  test(
    `online checker: no alarm while the store is correct (${name})`,
    () => {
      const spec = { ...STORE, ...mix };
      for (let seed = 1; seed <= 15; seed++) {
        const seen = follow(runStore(new Prng(seed), spec).events, spec.clients);
        expect(seen?.violation.sentence, `seed ${seed}`).toBeUndefined();
      }
    },
    PATIENT_MS,
  );
}

/** Whatever is told must be so in the eyes of the full checker, given only the key's events so far. */
function confirm(
  events: readonly StoreEvent[],
  seen: { readonly violation: OnlineViolation; readonly at: number },
  about: string,
): void {
  const { key } = seen.violation;
  const { kind } = checkHistory(historyOf(ofKey(events.slice(0, seen.at + 1), key)), LIMITS);
  expect(kind, `${about}: ${seen.violation.sentence}`).toBe("fail");
}

/** The events of operations on one key. */
function ofKey(events: readonly StoreEvent[], key: number): readonly StoreEvent[] {
  const keyOf = new Map<number, number>();
  return events.filter((event) => {
    if (event.kind === "invoke") keyOf.set(event.slot, event.key);
    return keyOf.get(event.slot) === key;
  });
}

for (const plant of PLANTS) {
  test(
    `online checker: finds a planted fault soon, and the full checker agrees (${plant})`,
    () => {
      let planted = 0;
      let found = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const appends = (seed % 3) * 0.1;
        const spec: StoreSpec = { ...STORE, events: 140, clients: 4, appends, infos: 0, plant };
        const { events, plantedAt } = runStore(new Prng(seed), { ...spec, plantFrom: 50 });
        if (plantedAt < 0) continue;
        planted++;
        const seen = follow(events, spec.clients);
        if (seen === null) continue;
        found++;
        confirm(events, seen, `${plant}, seed ${seed}`);
        expect(seen.at).toBeGreaterThanOrEqual(plantedAt);
        expect(seen.at, `seed ${seed}`).toBeLessThan(plantedAt + 90);
      }
      expect(planted).toBeGreaterThan(40);
      // Of some nobody sees anything any more before the history ends, or another write hides it.
      expect(found / planted).toBeGreaterThan(0.9);
    },
    PATIENT_MS,
  );
}

/** What a recorder would have been told of `events`; unknown ones are never given up. */
function storeEvents(events: readonly Event[]): StoreEvent[] {
  const moments = events.flatMap((event, slot) => {
    const call = { at: event.calledAt, event, slot, isCall: true };
    if (event.returnedAt === Infinity) return [call];
    return [call, { at: event.returnedAt, event, slot, isCall: false }];
  });
  moments.sort((a, b) => a.at - b.at);
  const valueOf = (text: string | null): ReadValue => {
    if (text === null) return NONE;
    return text.lastIndexOf("v") === 0 ? Number(text.slice(1)) : text;
  };
  return moments.map(({ event, slot, isCall }): StoreEvent => {
    const { process, op, key, outcome, version, index, expected } = event;
    const value = valueOf(event.value);
    if (isCall) {
      const argument = op === OP_GET ? NONE : (value as number);
      return { kind: "invoke", slot, process, op, key, value: argument, expected };
    }
    const read = op === OP_GET ? value : NONE;
    return { kind: "complete", slot, process, outcome, version, index, value: read };
  });
}

test(
  "online checker: on random short histories, changed or not, it only tells what the full checker proves",
  () => {
    let told = 0;
    let missed = 0;
    for (let seed = 1; seed <= 3000; seed++) {
      const random = new Prng(seed);
      const events = simulate(random, {
        ...MIXED,
        operations: random.between(4, 12),
        ...{ values: random.below(3), versions: random.chance(0.8), indexes: random.chance(0.8) },
        ...{ deletes: random.pick([0, 0, 0.1]), appends: random.pick([0, 0.2]) },
      });
      if (random.chance(0.8)) mutate(random, events);
      const fed = storeEvents(events);
      const seen = follow(fed, events.length);
      if (seen !== null) {
        told++;
        confirm(fed, seen, `seed ${seed}`);
      } else if (checkHistory(historyOf(fed), LIMITS).kind === "fail") {
        missed++;
      }
    }
    expect(told).toBeGreaterThan(300);
    expect(missed).toBeLessThan(told);
  },
  PATIENT_MS,
);
