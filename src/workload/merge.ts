import { assert } from "../lib/assert.ts";
import { Histogram, type HistogramJson } from "../lib/histogram.ts";
import type { Counts, LoadHistograms, LoadResult } from "./spec.ts";

/**
 * The result of generators that ran at the same time, one after its part of a load (split.ts). Counts
 * and histograms are exact; one part that is void voids it all. Every part must have `histograms`.
 */
export function mergeResults(parts: readonly LoadResult[]): LoadResult {
  const [first] = parts;
  assert(first !== undefined, "there is no part");
  const histograms = mergeHistograms(parts.map(histogramsOf));
  const service = merged(Object.values(histograms.service));
  const response = histograms.response ? Histogram.fromJSON(histograms.response) : service;
  const shed = sum(parts.map((part) => part.shed ?? 0));
  const unread = parts.flatMap((part) => part.unread ?? []);
  return {
    startedAtUs: Math.min(...parts.map((part) => part.startedAtUs)),
    measuredMs: Math.max(...parts.map((part) => part.measuredMs)),
    counts: sumCounts(parts.map((part) => part.counts)),
    // Each over its own time: the ends differ by as much as a process may be late.
    throughput: sum(parts.map((part) => part.throughput)),
    response: response.summary(),
    service: service.summary(),
    byOp: mergeByOp(parts, histograms),
    curve: response.curve(),
    lateness: Histogram.fromJSON(histograms.lateness).summary(),
    dropped: sum(parts.map((part) => part.dropped)),
    cpu: sum(parts.map((part) => part.cpu)),
    generators: parts.length,
    histograms,
    ...(shed === 0 ? {} : { shed }),
    ...(unread.length === 0 ? {} : { unread: Math.max(...unread) }),
    void: mergeVoid(parts),
  };
}

export const sumCounts = (all: readonly Counts[]): Counts => ({
  ok: sum(all.map(({ ok }) => ok)),
  fail: sum(all.map(({ fail }) => fail)),
  info: sum(all.map(({ info }) => info)),
});

export function merged(parts: readonly HistogramJson[]): Histogram {
  const whole = new Histogram();
  for (const part of parts) whole.merge(Histogram.fromJSON(part));
  return whole;
}

function histogramsOf({ histograms }: LoadResult): LoadHistograms {
  assert(histograms !== undefined, "a part came without its histograms");
  return histograms;
}

function mergeHistograms(parts: readonly LoadHistograms[]): LoadHistograms {
  const response = parts.flatMap((part) => part.response ?? []);
  const names = [...new Set(parts.flatMap((part) => Object.keys(part.service)))];
  const service = names.map((name) => {
    const own = parts.flatMap((part) => part.service[name] ?? []);
    return [name, merged(own).toJSON()] as const;
  });
  return {
    ...(response.length === 0 ? {} : { response: merged(response).toJSON() }),
    lateness: merged(parts.map((part) => part.lateness)).toJSON(),
    service: Object.fromEntries(service),
  };
}

function mergeByOp(parts: readonly LoadResult[], { service }: LoadHistograms): LoadResult["byOp"] {
  const rows = Object.entries(service).map(([name, histogram]) => {
    const counts = sumCounts(parts.flatMap((part) => part.byOp[name]?.counts ?? []));
    return [name, { counts, service: Histogram.fromJSON(histogram).summary() }] as const;
  });
  return Object.fromEntries(rows);
}

function mergeVoid(parts: readonly LoadResult[]): string | null {
  const index = parts.findIndex((part) => part.void !== null);
  return index === -1 ? null : `generator ${index + 1} of ${parts.length}: ${parts[index]!.void}`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
