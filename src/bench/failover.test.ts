import { expect, test } from "bun:test";
import type { ClusterEvent } from "../target/target.ts";
import { failoverCheck, failoverFigures, failoversOf, failoverTimes } from "./failover.ts";

const MS = 1_000;
const event = (
  atMs: number,
  node: number,
  kind: ClusterEvent["kind"],
  term: number,
): ClusterEvent => ({ atUs: atMs * MS, node, kind, term });

const EVENTS: readonly ClusterEvent[] = [
  event(0, 1, "becameLeader", 1),
  event(1_005, 1, "termChanged", 2), // The killed node's own last words are no detection.
  event(1_210, 2, "termChanged", 2),
  event(1_230, 2, "becameLeader", 2),
  event(1_500, 1, "started", 2),
  event(3_180, 3, "termChanged", 3),
  event(3_190, 3, "becameLeader", 3),
];
const KILLS = [
  { leader: 1, atUs: 1_000 * MS },
  { leader: 2, atUs: 3_000 * MS },
];
/** A write a moment after each election, of one that began just before it. */
const firstAck = (invokedUs: number, returnedUs: number): number => {
  expect(invokedUs).toBeLessThan(returnedUs);
  return returnedUs + 5 * MS;
};

test("failover: each kill has its own detection, election and first write", () => {
  const times = failoverTimes(KILLS, EVENTS, firstAck);
  expect(times.map(({ kill: _, ...rest }) => rest)).toEqual([
    { newLeader: 2, detectedMs: 210, electedMs: 230, firstAckMs: 235 },
    { newLeader: 3, detectedMs: 180, electedMs: 190, firstAckMs: 195 },
  ]);
  expect(failoversOf(times)[1]).toMatchObject({ oldLeader: 2, newLeader: 3, electedMs: 190 });
  expect(failoverCheck("case", times).verdict).toBe("pass");
});

test("failover: the figures are medians, with the goal at the first write", () => {
  const figures = failoverFigures("case", failoverTimes(KILLS, EVENTS, firstAck), 400);
  expect(figures.map(({ name, value, goal }) => [name, value, goal])).toEqual([
    ["case: SIGKILL to detection", 195, null],
    ["case: SIGKILL to election", 210, null],
    ["case: SIGKILL to first acknowledged write", 215, { atMost: 400 }],
  ]);
  expect(figures[2]!.note).toBe("median of 2 kills, 195 to 235 ms");
});

test("failover: a kill without an election, or a write only after the next kill, leaves it unknown", () => {
  const none = failoverTimes(KILLS, EVENTS.slice(0, 4), firstAck);
  expect(none[1]).toMatchObject({ newLeader: null, electedMs: null, firstAckMs: null });
  expect(failoverCheck("case", none)).toMatchObject({ verdict: "unknown" });
  expect(failoverFigures("case", [], undefined)).toEqual([]);
  const late = failoverTimes(KILLS, EVENTS, () => 9_999 * MS);
  expect(late.map(({ firstAckMs }) => firstAckMs)).toEqual([null, 6_999]);
});
