import { expect, test } from "bun:test";
import { type History, OUTCOME_INFO, OUTCOME_OK } from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { keysOf } from "../keys.ts";
import type { PathVerdict } from "../path.ts";
import { againstNaive, tallyAgainstNaive } from "../testing/against-naive.ts";
import { type Event, MIXED, mutate, recordOf, simulate } from "../testing/histories.ts";
import { synthesize } from "../testing/synthetic.ts";
import { isWitness } from "../witness.ts";
import { appendPath } from "./path.ts";

/** Changes the text that a read returned: less, more, something twice, or another order. */
function misread(prng: Prng, event: Event): void {
  if (event.op !== OP_GET || event.value === null) return;
  const tokens = event.value.match(/v\d+/g)!;
  const [a, b] = [prng.below(tokens.length), prng.below(tokens.length)];
  const how = prng.below(4);
  if (how === 0) tokens.pop();
  else if (how === 1) tokens.push(prng.pick(tokens));
  else if (how === 2) [tokens[a], tokens[b]] = [tokens[b]!, tokens[a]!];
  else tokens.push(`v${prng.below(8)}`);
  event.value = tokens.length === 0 ? null : tokens.join("");
}

/** Random histories, often mutated, with versions in all replies, in some, or in none. */
function random(seed: number): History {
  const prng = new Prng(seed);
  const events = simulate(prng, {
    ...MIXED,
    operations: prng.between(2, 7),
    clients: prng.between(2, 5),
    gets: prng.pick([0.2, 0.4]),
    versioned: prng.pick([0, 0, 0.2]),
    appends: prng.pick([0.3, 0.5]),
    ...{ deletes: 0, fails: 0, indexes: false },
    infos: prng.pick([0, 0.15, 0.4]),
    versions: prng.chance(0.5),
  });
  const forget = prng.pick([0, 0, 0.5]);
  for (const event of events) if (prng.chance(forget)) event.version = -1;
  for (let i = prng.below(3); i > 0; i--) mutate(prng, events);
  if (prng.chance(0.3)) misread(prng, prng.pick(events));
  for (const [i, event] of events.entries()) if (event.process === 1000) event.process += i;
  return recordOf(events, 1);
}

test("append: says what naive search says of 4,000 random histories, and proves it", () => {
  const verdicts = tallyAgainstNaive(appendPath, random, 4000);
  expect(verdicts.legal).toBeGreaterThan(1500);
  expect(verdicts.illegal).toBeGreaterThan(300);
  expect(verdicts.none).toBeLessThan(1500);
});

for (const versions of [true, false]) {
  test(`append: 64 clients, writes without an answer, ${versions ? "with" : "without"} versions`, () => {
    const spec = { operations: 20_000, clients: 64, appends: 0.4, pending: 0.02, versions };
    const key = keysOf(synthesize(spec)).at(0);
    const verdict = appendPath(key);
    if (verdict?.kind !== "legal") throw new Error(JSON.stringify(verdict));
    expect(isWitness(key.model, key.operations, verdict.witness)).toBe(true);
  });
}

test("append: one stale read among 20,000 operations gives a core of at most six", () => {
  const spec = { operations: 20_000, clients: 64, appends: 0.4, staleReadAt: 0.7 };
  const verdict = appendPath(keysOf(synthesize(spec)).at(0));
  if (verdict?.kind !== "illegal") throw new Error(JSON.stringify(verdict));
  expect(verdict.core.length).toBeLessThanOrEqual(6);
  expect(verdict.arrows.length).toBe(2);
});

function event(op: number, value: string | null, at: number, end: number): Event {
  const outcome = end === Infinity ? OUTCOME_INFO : OUTCOME_OK;
  return {
    ...{ process: at, op, key: 0, value, expected: -1, outcome, version: -1, index: 0 },
    ...{ calledAt: at, returnedAt: end },
  };
}

const append = (value: string, at: number, end = at + 1): Event => event(OP_APPEND, value, at, end);
const get = (value: string | null, at: number, end = at + 1): Event =>
  event(OP_GET, value, at, end);

const verdictOf = (...events: Event[]): PathVerdict =>
  appendPath(keysOf(recordOf(events, 1)).at(0));

function sentenceOf(...events: Event[]): string {
  const verdict = againstNaive(appendPath, recordOf(events, 1));
  if (verdict?.kind !== "illegal") throw new Error(JSON.stringify(verdict));
  return verdict.sentence;
}

test("append: each kind of violation is named", () => {
  const [first, second] = [append("v1", 1), append("v2", 3)];
  expect(sentenceOf(first, second, get("v1v2v1", 5))).toBe(
    "a read by client 5 returned v1v2v1, so the append by client 1 of v1 was applied twice",
  );
  expect(sentenceOf(first, second, get("v2", 5))).toMatch(/^a read by client 5 returned v2 after /);
  expect(sentenceOf(first, second, get("v1", 5))).toBe(
    "a read by client 5 returned v1 after an append of v2 by client 3 had already been acknowledged: v2 is missing",
  );
  const overlapping = [append("v1", 1, 3), append("v2", 2, 4)];
  expect(sentenceOf(...overlapping, get("v1v2", 5), get("v2v1", 6))).toBe(
    "a read by client 5 returned v1v2 and a read by client 6 returned v2v1: neither is the beginning of the other",
  );
  expect(sentenceOf(first, get("v1v9", 5))).toBe(
    "a read by client 5 returned v1v9, but nobody had written v9",
  );
  expect(sentenceOf(first, get("v1v2", 3), append("v2", 5))).toBe(
    "a get by client 3 returned v1v2 before client 5 sent v2",
  );
  expect(sentenceOf(first, get("v1", 3), get(null, 5))).toBe(
    "a read by client 5 returned nothing after an append of v1 by client 1 had already been acknowledged: v1 is missing",
  );
  expect(sentenceOf(first, event(OP_PUT, "v5", 3, 4), get("v5", 5), get("v1", 7))).toMatch(
    /^a read by client 7 returned v1 after .*, which had replaced it$/,
  );
});

test("append: one without an answer may show late, or never, but once only", () => {
  const unknown = append("v1", 1, Infinity);
  expect(verdictOf(unknown, append("v2", 2), get("v2", 4))?.kind).toBe("legal");
  expect(verdictOf(unknown, append("v2", 2), get("v2", 4), get("v2v1", 6))?.kind).toBe("legal");
  const put = event(OP_PUT, "v3", 6, 7);
  expect(verdictOf(unknown, get("v1", 4), put, get("v3v1", 8))?.kind).toBe("illegal");
});

test("append: tokens may be of any length if none begins another", () => {
  const writes = [append("ab", 1), append("b", 3), append("aa", 5)];
  expect(verdictOf(...writes, get("abbaa", 7))?.kind).toBe("legal");
  expect(verdictOf(...writes, get("abaab", 7))?.kind).toBe("illegal");
  expect(verdictOf(...writes, append("a", 7), get("abbaaa", 9))).toBeNull();
});

test("append: deletes are not its case", () => {
  expect(verdictOf(append("v1", 1), event(OP_DELETE, null, 3, 4))).toBeNull();
});
