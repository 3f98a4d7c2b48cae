import { expect, test } from "bun:test";
import type { ClusterEvent } from "../target/target.ts";
import { lanesOf } from "./lanes.ts";
import type { FaultBand, Timeline } from "./schema.ts";

/** Ten seconds from 0; times in seconds. */
const timeline = (
  events: readonly ClusterEvent[],
  faults: readonly FaultBand[] = [],
): Timeline => ({
  startUs: 0,
  intervalMs: 1000,
  ok: Array(10).fill(1),
  fail: Array(10).fill(0),
  info: Array(10).fill(0),
  p50: Array(10).fill(1),
  p99: Array(10).fill(1),
  faults,
  events,
});
const event = (
  s: number,
  node: number,
  kind: ClusterEvent["kind"],
  term: number,
): ClusterEvent => ({
  atUs: s * 1e6,
  node,
  kind,
  term,
});
const fault = (kind: string, node: number, fromS: number, toS: number): FaultBand => ({
  label: kind,
  kind,
  nodes: [node],
  fromUs: fromS * 1e6,
  toUs: toS * 1e6,
});
/** `node: kind from-to(term)` in seconds. */
const spans = (of: Timeline, nodes: number): string[] =>
  lanesOf(of, nodes).flatMap(({ node, spans }) =>
    spans.map((s) => `${node}: ${s.kind} ${s.fromUs / 1e6}-${s.toUs / 1e6} (${s.term})`),
  );

test("lanes: a reign lasts until the leader steps down", () => {
  const events = [
    event(-1, 1, "becameLeader", 1),
    event(4, 1, "steppedDown", 1),
    event(5, 2, "becameLeader", 2),
  ];
  expect(spans(timeline(events), 2)).toEqual(["1: leader 0-4 (1)", "2: leader 5-10 (2)"]);
});

test("lanes: a crash ends a reign although the node cannot say so", () => {
  const events = [event(1, 1, "becameLeader", 1), event(6, 1, "started", 1)];
  expect(spans(timeline(events, [fault("crash", 1, 3, 6)]), 1)).toEqual([
    "1: leader 1-3 (1)",
    "1: down 3-6 (0)",
  ]);
});

test("lanes: a paused leader is stale from its successor's election until it learns of it", () => {
  const events = [
    event(0, 1, "becameLeader", 1),
    event(4, 2, "becameLeader", 2),
    event(7, 1, "termChanged", 2),
  ];
  expect(spans(timeline(events, [fault("pause", 1, 3, 6)]), 2)).toEqual([
    "1: leader 0-4 (1)",
    "1: paused 3-6 (0)",
    "1: stale 4-7 (1)",
    "2: leader 4-10 (2)",
  ]);
});

test("lanes: the term of a node's own election does not end its reign", () => {
  const events = [event(1, 1, "becameLeader", 3), event(1, 1, "termChanged", 3)];
  expect(spans(timeline(events), 1)).toEqual(["1: leader 1-10 (3)"]);
});

test("lanes: a loss of power takes a node down, a fault of its disk shows beside what it does", () => {
  const events = [event(1, 1, "becameLeader", 3)];
  const faults = [fault("diskStall", 1, 2, 3), fault("powerLoss", 1, 4, 6)];
  expect(spans(timeline(events, faults), 1)).toEqual([
    "1: leader 1-4 (3)",
    "1: disk 2-3 (0)",
    "1: down 4-6 (0)",
  ]);
});

test("lanes: link faults show by family, and every node has a lane", () => {
  const faults = [fault("partition", 2, 1, 2), fault("loss", 3, 20, 30), fault("delay", 4, 9, 12)];
  const of = timeline([], faults);
  expect(lanesOf(of, 2).map(({ node }) => node)).toEqual([1, 2, 3, 4]);
  expect(spans(of, 2)).toEqual(["2: cut 1-2 (0)", "4: frames 9-10 (0)"]);
});
