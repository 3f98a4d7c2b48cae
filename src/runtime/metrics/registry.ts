import { Counter, Gauge, Histogram as PromHistogram, Registry } from "prom-client";
import type { Histogram } from "../../lib/histogram.ts";
import { LoopLag } from "../loop-lag.ts";
import { GROUP_METRICS } from "./group-metrics.ts";
import type { Labels, Metric } from "./metric.ts";
import type { MetricsSource, Sample } from "./metrics-source.ts";
import { NETWORK_METRICS } from "./network-metrics.ts";
import { PROCESS_METRICS } from "./process-metrics.ts";
import { RAFT_METRICS, SERVER_METRICS } from "./server-metrics.ts";
import { STORAGE_METRICS } from "./storage-metrics.ts";

/** All that a node exports, by section of docs/metrics.md. */
export const METRICS: Readonly<Record<string, readonly Metric[]>> = {
  Server: SERVER_METRICS,
  Raft: RAFT_METRICS,
  "Disk, snapshots and state": STORAGE_METRICS,
  Network: NETWORK_METRICS,
  "Groups and shards": GROUP_METRICS,
  Process: PROCESS_METRICS,
};

/** Coarse, and for as long as the rarest scrapes may be apart: watching costs a wake-up a tick. */
const LAG = { tickMs: 20, watchedForMs: 150_000 };

export type MetricsPage = {
  readonly contentType: string;
  /** The page that Prometheus reads, as of now. */
  readonly text: () => Promise<string>;
};

/** The metrics of a node. What they tell is read when they are asked for. */
export function createMetrics(source: MetricsSource): MetricsPage {
  const registry = new Registry();
  const lag = new LoopLag(LAG);
  let sample: Sample;
  for (const metric of Object.values(METRICS).flat()) register(registry, metric, () => sample);
  return {
    contentType: registry.contentType,
    text: () => {
      sample = { ...source(), lag: lag.take() };
      return registry.metrics();
    },
  };
}

/** With the method by which the library takes what it writes down; its types leave it out. */
type Written = PromHistogram & { getForPromString: PromHistogram["get"] };

function register(registry: Registry, metric: Metric, sample: () => Sample): void {
  const { name, help } = metric;
  const configuration = { name, help, labelNames: [...metric.labels], registers: [registry] };
  if (metric.kind === "histogram") {
    const { bounds, read } = metric;
    const histogram = new PromHistogram({ ...configuration, buckets: [...bounds] }) as Written;
    const described = histogram.getForPromString.bind(histogram);
    // The node has counted already: the library only writes it down.
    histogram.getForPromString = async () => {
      const values = [...read(sample())].flatMap(([labels, counts]) =>
        bucketsOf(name, labels, counts, bounds),
      );
      return { ...(await described()), values };
    };
    return;
  }
  const { read } = metric;
  if (metric.kind === "gauge") {
    new Gauge({
      ...configuration,
      collect() {
        this.reset();
        if (metric.labels.length === 0) this.remove();
        for (const [labels, value] of read(sample())) this.set({ ...labels }, value);
      },
    });
    return;
  }
  new Counter({
    ...configuration,
    collect() {
      this.reset();
      for (const [labels, value] of read(sample())) this.inc({ ...labels }, value);
    },
  });
}

/** The series of one histogram: how many were at most each bound, their sum and number. */
function bucketsOf(name: string, labels: Labels, counts: Histogram, bounds: readonly number[]) {
  const upTo = bounds.map(() => 0);
  counts.eachBucket((us, count) => {
    const at = bounds.findIndex((bound) => us <= bound * 1e6);
    if (at >= 0) upTo[at]! += count;
  });
  const series = (suffix: string, value: number, more: Labels = {}) => ({
    metricName: `${name}_${suffix}`,
    labels: { ...labels, ...more },
    value,
  });
  let sum = 0;
  return [
    ...bounds.map((bound, i) => series("bucket", (sum += upTo[i]!), { le: bound })),
    series("bucket", counts.count, { le: "+Inf" }),
    series("sum", (counts.mean * counts.count) / 1e6),
    series("count", counts.count),
  ];
}
