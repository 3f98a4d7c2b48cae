import type { FaultBand, FaultProbe, PhaseFigures, Probes } from "../report/schema.ts";
import type { ClusterEvent } from "../target/target.ts";
import type { FirstAck } from "./failovers.ts";
import { throughputBetween, type Tick, worstP99 } from "./timeline.ts";

/** Steady state before a fault is that of at most so long. */
const STEADY_US = 2e6;
const SERVED_AGAIN = 0.95;
/** A rate of arrivals scatters: it is taken over so many ticks (500 ms). */
const WINDOW_TICKS = 5;
const BANDS_MAX = 500;

/** What is needed to see how service fared. Times: µs since the Unix epoch. */
export type Seen = {
  readonly ticks: readonly Tick[];
  readonly bands: readonly FaultBand[];
  readonly events: readonly ClusterEvent[];
  readonly firstAck: FirstAck;
  /** When all was lifted: what comes later is the end of the load, and no probe. */
  readonly untilUs: number;
};

/** How service fared before, during and after each fault, and when there was none. */
export function probesOf(seen: Seen): Probes {
  const bands = seen.bands.slice(0, BANDS_MAX);
  return {
    faults: bands.map((band) => probe(band, seen)),
    unavailable: unavailableIn(seen.ticks.filter(({ atUs }) => atUs <= seen.untilUs)),
  };
}

function probe(band: FaultBand, { ticks, bands, events, firstAck }: Seen): FaultProbe {
  const { fromUs, toUs, label } = band;
  const lastEndUs = Math.max(
    0,
    ...bands.filter((other) => other.toUs <= fromUs).map((other) => other.toUs),
  );
  const later = bands.filter((other) => other.fromUs >= toUs).map((other) => other.fromUs);
  const nextUs = Math.min(...later, ticks.at(-1)?.atUs ?? toUs);
  const before = phase(ticks, Math.max(lastEndUs, fromUs - STEADY_US), fromUs);
  const after = (kind: ClusterEvent["kind"]): number | null => {
    const event = events.find(
      (own) => own.kind === kind && own.atUs >= fromUs && own.atUs < nextUs,
    );
    return event === undefined ? null : (event.atUs - fromUs) / 1000;
  };
  const elected = after("becameLeader");
  const sinceUs = elected === null ? fromUs : fromUs + elected * 1000;
  const ackUs = firstAck(fromUs, sinceUs);
  return {
    ...{ label, fromUs, toUs, before },
    during: phase(ticks, fromUs, toUs),
    after: phase(ticks, toUs, nextUs),
    detectedMs: least(after("termChanged"), after("steppedDown")),
    electedMs: elected,
    firstAckMs: ackUs === null ? null : (ackUs - fromUs) / 1000,
    backAfterMs: backAfter(ticks, fromUs, nextUs, before.throughput),
  };
}

const least = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

function phase(ticks: readonly Tick[], fromUs: number, toUs: number): PhaseFigures {
  const own = ticks.filter((tick) => tick.atUs > fromUs && tick.atUs <= toUs);
  return { throughput: throughputBetween(own, fromUs, toUs), p99Us: worstP99(own) };
}

/**
 * Milliseconds until throughput was at 95 % of the baseline again, after it was lowest; 0: it never
 * fell below; null: it did not come back before the next fault, or there was no baseline.
 */
function backAfter(
  ticks: readonly Tick[],
  fromUs: number,
  untilUs: number,
  baseline: number,
): number | null {
  if (baseline === 0) return null;
  const own = ticks.filter((tick) => tick.atUs > fromUs && tick.atUs <= untilUs);
  const windows = own.slice(WINDOW_TICKS - 1).map((end, i) => ({
    atUs: end.atUs,
    share: throughputBetween(own.slice(i, i + WINDOW_TICKS), 0, end.atUs) / baseline,
  }));
  const lowest = Math.min(...windows.map(({ share }) => share));
  if (windows.length === 0) return null;
  if (lowest >= SERVED_AGAIN) return 0;
  const at = windows.findIndex(({ share }) => share === lowest);
  const back = windows.slice(at).find(({ share }) => share >= SERVED_AGAIN);
  return back === undefined ? null : (back.atUs - fromUs) / 1000;
}

/** Times without any acknowledged operation, as exact as the ticks. */
function unavailableIn(ticks: readonly Tick[]): Probes["unavailable"] {
  const found: { fromUs: number; toUs: number }[] = [];
  for (const { atUs, intervalMs, counts } of ticks) {
    if (counts.ok > 0) continue;
    const fromUs = atUs - intervalMs * 1000;
    const open = found.at(-1);
    // Ticks follow one another within their own inaccuracy.
    if (open !== undefined && fromUs - open.toUs < 20_000) open.toUs = atUs;
    else found.push({ fromUs, toUs: atUs });
  }
  return found;
}
