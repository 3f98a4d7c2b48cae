import { Prng } from "../../lib/prng.ts";
import type { ClusterEvent } from "../../target/target.ts";
import type { FaultBand, Timeline } from "../schema.ts";

/** 2025-11-21T02:44:10Z: fixtures know no clock. */
export const START_US = 1_763_693_050_000_000;
const INTERVAL_MS = 100;

const band = (
  label: string,
  kind: string,
  nodes: number[],
  fromS: number,
  toS: number,
): FaultBand => ({
  label,
  kind,
  nodes,
  fromUs: START_US + fromS * 1e6,
  toUs: START_US + toS * 1e6,
});

export const FAULTS: readonly FaultBand[] = [
  band("crash leader", "crash", [2], 3, 5.5),
  band("partition: leader in the minority", "partition", [4, 1], 7.5, 10.5),
  band("loss 10 %", "loss", [1, 2, 3, 4, 5], 11.8, 14.2),
  band("pause leader", "pause", [5], 15.5, 17.5),
];

const event = (
  atS: number,
  node: number,
  kind: ClusterEvent["kind"],
  term: number,
): ClusterEvent => ({
  atUs: START_US + atS * 1e6,
  node,
  kind,
  term,
});

const EVENTS: readonly ClusterEvent[] = [
  event(-1.2, 2, "becameLeader", 1),
  event(3.231, 4, "becameLeader", 2),
  event(5.6, 2, "started", 1),
  event(5.7, 2, "termChanged", 2),
  event(7.842, 5, "becameLeader", 3),
  event(8.6, 4, "steppedDown", 2),
  event(10.55, 4, "termChanged", 3),
  event(15.81, 3, "becameLeader", 4),
  event(17.53, 5, "steppedDown", 3),
];

/** When nothing can commit: from a fault on the leader to the first write of the next. */
const OUTAGES: readonly (readonly [fromS: number, toS: number])[] = [
  [3, 3.26],
  [7.5, 7.88],
  [15.5, 15.84],
];

/** A run of `rows` intervals of 100 ms, whose first 20 s have four faults and three failovers. */
export function timelineFixture(seed: number, rows: number): Timeline {
  const prng = new Prng(seed);
  const columns = { ok: [], fail: [], info: [], p50: [], p99: [] } as Record<
    string,
    (number | null)[]
  >;
  for (let row = 0; row < rows; row++) {
    const point = pointAt((row * INTERVAL_MS) / 1000, prng);
    for (const [name, value] of Object.entries(point)) columns[name]!.push(value);
  }
  const { ok, fail, info, p50, p99 } = columns as Record<string, number[]>;
  return {
    startUs: START_US,
    intervalMs: INTERVAL_MS,
    ok: ok!,
    fail: fail!,
    info: info!,
    p50: p50!,
    p99: p99!,
    faults: FAULTS,
    events: EVENTS,
  };
}

function pointAt(
  s: number,
  prng: Prng,
): Record<"ok" | "fail" | "info" | "p50" | "p99", number | null> {
  const noise = 0.93 + prng.float() * 0.14;
  const outage = OUTAGES.find(([from, to]) => s >= from && s < to);
  const [from, to] = outage ?? [0, 0];
  if (outage && s - from > 0.15 && to - s > 0.1)
    return { ok: 0, fail: prng.below(40), info: prng.below(3), p50: null, p99: null };
  const recovering = OUTAGES.some(([, end]) => s >= end - 0.1 && s < end + 0.2);
  const lossy = s >= 11.8 && s < 14.2;
  const share = outage ? 0.3 : recovering ? 0.6 : lossy ? 0.55 : 1;
  return {
    ok: Math.round(1850 * noise * share),
    fail: outage ? 60 + prng.below(60) : 0,
    info: outage ? 8 + prng.below(20) : lossy && prng.chance(0.25) ? 1 : 0,
    p50: Math.round(1400 * (2 - noise) * (lossy ? 1.6 : recovering ? 2.2 : 1)),
    p99: Math.round(6200 * (0.8 + prng.float() * 0.6) * (lossy ? 9 : recovering ? 50 : 1)),
  };
}
