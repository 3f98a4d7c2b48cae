import { expect, test } from "bun:test";
import { type History, OUTCOME_INFO, OUTCOME_MISMATCH, OUTCOME_OK } from "../../history/op.ts";
import { OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { keysOf } from "../keys.ts";
import type { PathVerdict } from "../path.ts";
import { againstNaive, tallyAgainstNaive } from "../testing/against-naive.ts";
import { type Event, MIXED, mutate, recordOf, simulate } from "../testing/histories.ts";
import { synthesize } from "../testing/synthetic.ts";
import { isWitness } from "../witness.ts";
import { versionedPath } from "./path.ts";

/** Random histories, often mutated; of many, replies tell only some versions. */
function random(seed: number): History {
  const prng = new Prng(seed);
  const events = simulate(prng, {
    ...MIXED,
    operations: prng.between(2, 7),
    clients: prng.between(2, 5),
    gets: prng.pick([0.2, 0.4]),
    versioned: prng.pick([0.2, 0.5, 0.7]),
    ...{ appends: 0, deletes: 0, fails: 0, indexes: false },
    infos: prng.pick([0, 0.15, 0.4]),
    values: prng.pick([0, 0, 1, 2]),
  });
  const forget = prng.pick([0, 0, 0.5]);
  const isBlind = prng.chance(0.6);
  for (const event of events) {
    const isRefused = event.outcome === OUTCOME_MISMATCH;
    if ((isBlind && isRefused) || prng.chance(forget)) event.version = -1;
  }
  for (let i = prng.below(3); i > 0; i--) {
    mutate(prng, events);
    const event = prng.pick(events);
    if (event.expected < 0 || event.outcome !== OUTCOME_OK || prng.chance(0.7)) continue;
    Object.assign(event, { outcome: OUTCOME_MISMATCH, version: -1 });
  }
  for (const [i, event] of events.entries()) if (event.process === 1000) event.process += i;
  return recordOf(events, 1);
}

test("versioned: says what naive search says of 4,000 random histories, and proves it", () => {
  const verdicts = tallyAgainstNaive(versionedPath, random, 4000);
  expect(verdicts.legal).toBeGreaterThan(2000);
  expect(verdicts.illegal).toBeGreaterThan(300);
  expect(verdicts.none).toBeLessThan(600);
});

for (const [name, isBlind] of [
  ["told a version", false],
  ["told nothing", true],
] as const) {
  test(`versioned: 64 clients, refused puts that were ${name}, writes without an answer`, () => {
    const spec = { operations: 30_000, clients: 64, versioned: 0.4, refused: 0.5, versions: true };
    const history = synthesize({ ...spec, pending: 0.02 });
    for (let i = 0; i < history.count; i++) {
      if (isBlind && history.outcome[i] === OUTCOME_MISMATCH) history.version[i] = -1;
    }
    const key = keysOf(history).at(0);
    const verdict = versionedPath(key);
    if (verdict?.kind !== "legal") throw new Error(JSON.stringify(verdict));
    expect(isWitness(key.model, key.operations, verdict.witness)).toBe(true);
  });
}

test("versioned: one stale read among 30,000 operations gives a core of two, forced both ways", () => {
  const spec = {
    operations: 30_000,
    clients: 64,
    versioned: 0.4,
    versions: true,
    staleReadAt: 0.7,
  };
  const verdict = versionedPath(keysOf(synthesize(spec)).at(0));
  if (verdict?.kind !== "illegal") throw new Error(JSON.stringify(verdict));
  expect(verdict.core.length).toBe(2);
  expect(verdict.arrows.map(({ why }) => why)).toEqual(["realTime", "value"]);
  expect(verdict.sentence).toMatch(/^a read by client \d+ returned version \d+ after /);
});

/** A put that expects a version (−1: none); `version` −1: refused; an infinite end: no answer. */
function put(at: number, end: number, value: string, expected: number, version: number): Event {
  const outcome = end === Infinity ? OUTCOME_INFO : version < 0 ? OUTCOME_MISMATCH : OUTCOME_OK;
  return {
    ...{ process: at, op: OP_PUT, key: 0, value, expected, outcome, version, index: 0 },
    ...{ calledAt: at, returnedAt: end },
  };
}

const get = (at: number, end: number, value: string | null, version: number): Event => ({
  ...{ process: at, op: OP_GET, key: 0, value, expected: -1, outcome: OUTCOME_OK, version },
  ...{ index: 0, calledAt: at, returnedAt: end },
});

const verdictOf = (...events: Event[]): PathVerdict =>
  versionedPath(keysOf(recordOf(events, 1)).at(0));

function sentenceOf(...events: Event[]): string {
  const verdict = againstNaive(versionedPath, recordOf(events, 1));
  if (verdict?.kind !== "illegal") throw new Error(JSON.stringify(verdict));
  return verdict.sentence;
}

test("versioned: each kind of violation is named", () => {
  const first = put(1, 2, "v1", -1, 1);
  expect(sentenceOf(first, put(3, 4, "v2", 1, 2), get(5, 6, "v1", 1))).toBe(
    "a read by client 5 returned version 1 after a put by client 3 had already been acknowledged as version 2",
  );
  expect(sentenceOf(first, put(3, 6, "v2", 0, 1))).toBe(
    "the put by client 1 and the put by client 3 were both acknowledged as version 1",
  );
  expect(sentenceOf(first, put(3, 4, "v2", 1, -1))).toBe(
    "a put by client 3 that expected version 1 was refused, although that was the version all the while",
  );
  expect(sentenceOf(first, get(3, 4, "v9", 1))).toBe(
    "version 1 has two values: v1 put by client 1, v9 read by client 3",
  );
  expect(sentenceOf(first, put(3, 4, "v2", -1, 3), put(5, 6, "v3", -1, 4))).toBe(
    "a put by client 5 was acknowledged as version 4, but no more than 3 writes were sent",
  );
  expect(sentenceOf(first, get(3, 4, "v2", 2), put(5, Infinity, "v2", 1, -1))).toBe(
    "a get by client 3 returned v2 before client 5 sent it",
  );
});

test("versioned: refused puts that told nothing push the moments of versions from both sides", () => {
  // Version 1 is there from 2 at the latest to 9 at the earliest; a write is under way till 12.
  const base = [put(1, 2, "v1", 0, 1), put(5, 12, "v2", -1, 2)];
  expect(verdictOf(...base, put(3, 10, "v3", 1, -1))?.kind).toBe("legal");
  expect(verdictOf(...base, put(3, 10, "v3", 1, -1), get(9, 11, "v1", 1))?.kind).toBe("legal");
  expect(verdictOf(...base, put(3, 8, "v3", 1, -1), get(9, 11, "v1", 1))?.kind).toBe("illegal");
});

test("versioned: a write without an answer makes a version that only a refusal shows", () => {
  const base = [put(1, 2, "v1", 0, 1), put(5, 6, "v3", 1, -1)];
  expect(verdictOf(...base)?.kind).toBe("illegal");
  expect(verdictOf(...base, put(3, Infinity, "v2", -1, -1))?.kind).toBe("legal");
  expect(verdictOf(...base, put(3, Infinity, "v2", 1, -1))?.kind).toBe("legal");
  expect(verdictOf(...base, put(3, Infinity, "v2", 0, -1))?.kind).toBe("illegal");
  expect(verdictOf(...base, put(7, Infinity, "v2", -1, -1))?.kind).toBe("illegal");
});

test("versioned: deletes, by which versions come back, are not its case", () => {
  const remove = { ...put(3, 4, "v1", -1, 0), op: OP_DELETE, value: null };
  expect(verdictOf(put(1, 2, "v1", -1, 1), remove)).toBeNull();
});
