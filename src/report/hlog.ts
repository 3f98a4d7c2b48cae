import { type Deflate, type HlogInterval, hlogText } from "../lib/hdr-export.ts";
import { Histogram, type HistogramJson } from "../lib/histogram.ts";
import type { LoadResult } from "../workload/spec.ts";
import type { Report } from "./schema.ts";

/** Stands beside report.json, and is its artifact `hlog`. */
export const HLOG_FILE = "load.hlog";

type NamedLoad = { readonly name: string; readonly result: LoadResult };

/**
 * The latencies of loads as a HdrHistogram log: a line an operation (service time), and of an open
 * loop one each of response time and lateness, tagged `<load>/<what>`. Null: the loads carry none.
 */
export function hlogOf(loads: readonly NamedLoad[], deflate: Deflate): string | null {
  const intervals = loads.flatMap(intervalsOf);
  return intervals.length === 0 ? null : hlogText(intervals, deflate, "Ordeal");
}

function intervalsOf({ name, result }: NamedLoad): HlogInterval[] {
  const { histograms, startedAtUs, measuredMs } = result;
  if (histograms === undefined) return [];
  const line = (what: string, histogram: HistogramJson): HlogInterval => ({
    tag: `${name}/${what}`,
    startUs: startedAtUs,
    lengthMs: measuredMs,
    histogram: Histogram.fromJSON(histogram),
  });
  const { response, lateness, service } = histograms;
  return [
    ...Object.entries(service).map(([op, histogram]) => line(op, histogram)),
    ...(response === undefined ? [] : [line("response", response), line("lateness", lateness)]),
  ];
}

/** The report as it is stored: its histograms stand in a file of their own. */
export function withoutHistograms(report: Report): Report {
  const loads = report.loads.map(({ result: { histograms: _, ...result }, ...load }) => ({
    ...load,
    result,
  }));
  const has = report.loads.some(({ result }) => result.histograms !== undefined);
  const artifacts = has ? { ...report.artifacts, hlog: HLOG_FILE } : report.artifacts;
  return { ...report, loads, artifacts };
}
