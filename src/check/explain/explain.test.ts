import { expect, test } from "bun:test";
import { OUTCOME_MISMATCH, OUTCOME_OK } from "../../history/op.ts";
import { OP_APPEND, OP_GET, OP_PUT } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { checkHistory } from "../check.ts";
import { shortName } from "../describe.ts";
import { keysOf } from "../keys.ts";
import { type Event, MIXED, mutate, recordOf, simulate } from "../testing/histories.ts";
import { forcedArrows, shortestCycle } from "./arrows.ts";
import { reasonText } from "./reasons.ts";
import { coreSentence } from "./sentence.ts";
import { timeline } from "./timeline.ts";

function event(process: number, op: number, value: string | null, version: number, at: number) {
  const times = { calledAt: at, returnedAt: at + 1 };
  return {
    process,
    op,
    key: 0,
    value,
    expected: -1,
    outcome: OUTCOME_OK,
    version,
    index: 0,
    ...times,
  };
}

/** The arrows and the sentence of a core that is all of a history, in words. */
function explain(...events: Event[]) {
  const h = recordOf(events, 1);
  const rows = [...h.call.keys()];
  const arrows = forcedArrows(keysOf(h).at(0), rows);
  const words = arrows.map((arrow) => `${arrow.before}→${arrow.after} ${reasonText(h, arrow)}`);
  return { h, rows, arrows, words, sentence: coreSentence(h, rows, arrows) };
}

test("explain: two reads whose versions go backwards", () => {
  const { words, sentence } = explain(
    event(3, OP_GET, "v42", 42, 0),
    event(7, OP_GET, "v41", 41, 2),
  );
  expect(words).toEqual(["0→1 returned before it was called", "1→0 version 41 comes before 42"]);
  expect(sentence).toBe(
    "a read by client 7 returned version 41 after client 3 had already read version 42",
  );
});

test("explain: without versions, the order of two values is concluded from their writes", () => {
  const { words, sentence } = explain(
    event(1, OP_PUT, "v1", -1, 0),
    event(2, OP_PUT, "v2", -1, 2),
    event(3, OP_GET, "v2", -1, 4),
    event(7, OP_GET, "v1", -1, 6),
  );
  expect(words.slice(0, 2)).toEqual(["2→3 returned before it was called", "3→2 v1 came before v2"]);
  expect(words).toContain("0→1 returned before it was called");
  expect(sentence).toBe(
    "a read by client 7 returned v1 after client 3 had already read v2, which came after v1",
  );
});

test("explain: a value that comes back between reads alone", () => {
  const { words, sentence } = explain(
    event(1, OP_GET, "v1", -1, 0),
    event(2, OP_GET, "v2", -1, 2),
    event(3, OP_GET, "v1", -1, 4),
  );
  expect(words).toEqual([
    "1→2 returned before it was called",
    "2→1 v1 came before v2",
    "0→1 returned before it was called",
  ]);
  expect(sentence).toBe(
    "a read by client 3 returned v1 after client 2 had already read v2, which came after v1",
  );
});

test("explain: nothing there after a put, and an append that is missing", () => {
  expect(explain(event(1, OP_PUT, "v1", -1, 0), event(2, OP_GET, null, -1, 2)).words).toEqual([
    "0→1 returned before it was called",
    "1→0 found nothing there yet",
  ]);
  const lost = explain(event(1, OP_APPEND, "v1", -1, 0), event(2, OP_GET, "v2", -1, 2));
  expect(lost.words[1]).toBe("1→0 did not find it appended yet");
  expect(lost.sentence).toBe(
    "a read by client 2 returned v2 after an append of v1 by client 1 had already been acknowledged",
  );
});

test("explain: values that repeat draw no arrow, and the sentence claims no more than is known", () => {
  const refused: Event = {
    ...event(4, OP_PUT, "v3", 2, 8),
    expected: 1,
    outcome: OUTCOME_MISMATCH,
  };
  const { arrows, sentence } = explain(
    event(1, OP_PUT, "v1", -1, 0),
    event(2, OP_PUT, "v1", -1, 2),
    event(3, OP_GET, "v2", -1, 4),
    refused,
  );
  expect(arrows).toEqual([]);
  expect(sentence).toBe(
    "a read by client 3 returned v2, which fits no order of the other 3, whatever the other writes did",
  );
});

test("explain: what no rule explains, widening does", () => {
  const repeated = [
    event(2, OP_PUT, "v1", -1, 0),
    event(2, OP_PUT, "v1", -1, 2),
    event(3, OP_PUT, "v2", -1, 4),
    event(3, OP_GET, "v1", -1, 6),
  ];
  const h = recordOf(repeated, 1);
  const result = checkHistory(h, { now: () => 0, timeoutMs: 1, memoryBytes: 1 << 26 });
  if (result.kind !== "fail") throw new Error(result.kind);
  expect(result.arrows.map((arrow) => reasonText(h, arrow))).toEqual([
    "returned before it was called",
    "does not fit after it",
  ]);
  expect(result.arrows.map(({ before, after }) => [before, after])).toEqual([
    [2, 3],
    [3, 2],
  ]);
  expect(result.sentence).toBe(
    "a read by client 3 returned v1 after a put of v2 by client 3 had already been acknowledged, and no write can have brought v1 back",
  );
});

test("explain: bars with the arrows that go round", () => {
  const { h, rows, arrows } = explain(
    event(3, OP_GET, "v42", 42, 0),
    event(5, OP_GET, "v41", 41, 0.5),
    event(7, OP_GET, "v41", 41, 2),
  );
  expect(timeline(h, rows, arrows)).toEqual([
    "1  client 3  get k0 → v42, version 42  ├─────┐◀┄┄┄┄┄┄┄┄┄┄┄┄╮",
    "2  client 5  get k0 → v41, version 41     ├──┼──┤          ┊",
    "3  client 7  get k0 → v41, version 41        ╰────▶├──┤┄┄┄┄╯",
    "",
    "1 → 3  returned before it was called",
    "3 → 1  version 41 comes before 42",
  ]);
});

test("explain: the arrows of what the checker refutes form a cycle, of orders that are so", () => {
  let cycles = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const random = new Prng(seed);
    const events = simulate(random, { ...MIXED, versions: seed % 2 === 0, deletes: 0, appends: 0 });
    mutate(random, events);
    const h = recordOf(events, 1);
    const result = checkHistory(h, { now: () => 0, timeoutMs: 1, memoryBytes: 1 << 26 });
    if (result.kind !== "fail") continue;
    const arrows = forcedArrows(keysOf(h).at(0), result.core);
    for (const { before, after, why } of arrows) {
      expect(result.core).toContain(before);
      expect(result.core).toContain(after);
      expect(why === "realTime").toBe(h.ret[before]! < h.call[after]!);
    }
    if (arrows.length === 0) continue;
    const cycle = shortestCycle(arrows)!;
    expect(cycle.map(({ after }) => after)).toEqual([
      ...cycle.slice(1).map(({ before }) => before),
      cycle[0]!.before,
    ]);
    cycles++;
  }
  expect(cycles).toBeGreaterThan(50);
});

test("explain: names are short and on one line, whatever is in them", () => {
  expect(shortName("a\nb\u001b[31m\u202e")).toBe("a\\u000ab\\u001b[31m\\u202e");
  expect(shortName("x".repeat(1e6))).toBe(`${"x".repeat(18)}…${"x".repeat(18)}`);
});
