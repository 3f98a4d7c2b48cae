import type { FaultBand, NodeMemory, ShardTimeline, Timeline } from "../report/schema.ts";
import type { ClusterEvent } from "../target/target.ts";
import type { LoadEvent } from "../workload/spec.ts";
import type { MemorySample } from "./memory.ts";

export type Tick = Extract<LoadEvent, { kind: "tick" }>;

/** More rows than a chart has pixels say nothing, and an hour of ticks would be 36,000. */
const ROWS_MAX = 2_000;
const TICK_MS = 100;

/**
 * The ticks of a run as columns of equal intervals. Ticks that fall into one interval are merged:
 * counts add up, p50 is their mean by count, p99 the worst of them (never too rosy).
 */
export function timelineOf(
  ticks: readonly Tick[],
  faults: readonly FaultBand[],
  events: readonly ClusterEvent[],
  memory: readonly MemorySample[] = [],
  shards?: ShardTimeline,
): Timeline | null {
  const first = ticks[0];
  const last = ticks.at(-1);
  if (first === undefined || last === undefined) return null;
  const startUs = first.atUs - first.intervalMs * 1000;
  const spanMs = (last.atUs - startUs) / 1000;
  const intervalMs = TICK_MS * Math.max(1, Math.ceil(spanMs / TICK_MS / ROWS_MAX));
  const rows = Math.max(1, Math.ceil(spanMs / intervalMs));
  const buckets: Tick[][] = Array.from({ length: rows }, () => []);
  for (const tick of ticks) {
    const middleMs = (tick.atUs - startUs) / 1000 - tick.intervalMs / 2;
    buckets[Math.min(rows - 1, Math.floor(middleMs / intervalMs))]?.push(tick);
  }
  return {
    startUs,
    intervalMs,
    ok: buckets.map((own) => sum(own, (tick) => tick.counts.ok)),
    fail: buckets.map((own) => sum(own, (tick) => tick.counts.fail)),
    info: buckets.map((own) => sum(own, (tick) => tick.counts.info)),
    p50: buckets.map(meanP50),
    p99: buckets.map(worstP99),
    faults,
    events,
    ...(memory.length > 0 && { memory: memoryByNode(memory) }),
    ...(shards !== undefined && { shards }),
  };
}

/** ok operations a second over the ticks that ended in (fromUs, toUs]; 0 without any. */
export function throughputBetween(ticks: readonly Tick[], fromUs: number, toUs: number): number {
  const own = ticks.filter(({ atUs }) => atUs > fromUs && atUs <= toUs);
  const ms = sum(own, (tick) => tick.intervalMs);
  return ms === 0 ? 0 : (sum(own, (tick) => tick.counts.ok) / ms) * 1000;
}

export function worstP99(ticks: readonly Tick[]): number | null {
  const counted = ticks.filter((tick) => tick.response.count > 0);
  return counted.length === 0 ? null : Math.max(...counted.map((tick) => tick.response.p99));
}

function meanP50(ticks: readonly Tick[]): number | null {
  const count = sum(ticks, (tick) => tick.response.count);
  return count === 0 ? null : sum(ticks, ({ response }) => response.p50 * response.count) / count;
}

function memoryByNode(samples: readonly MemorySample[]): NodeMemory[] {
  return [...Map.groupBy(samples, ({ node }) => node)]
    .sort(([a], [b]) => a - b)
    .map(([node, own]) => ({
      node,
      atUs: own.map(({ atUs }) => Math.round(atUs)),
      rssBytes: own.map(({ rssBytes }) => rssBytes),
    }));
}

const sum = (ticks: readonly Tick[], of: (tick: Tick) => number): number =>
  ticks.reduce((total, tick) => total + of(tick), 0);
