import type { Histogram } from "../../lib/histogram.ts";
import type { Sample } from "./metrics-source.ts";

export type Labels = Readonly<Record<string, string | number>>;
export type Reading<T> = readonly [labels: Labels, value: T];

/**
 * One metric: what it is called and means, and what it reads. Names and labels are etcd's, under our
 * prefix, wherever etcd has one that means the same: its dashboards and alerts then need a new prefix only.
 */
export type Metric = {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
} & (
  | {
      readonly kind: "counter" | "gauge";
      readonly read: (sample: Sample) => Iterable<Reading<number>>;
    }
  | {
      readonly kind: "histogram";
      /** Upper bounds, in seconds. */
      readonly bounds: readonly number[];
      readonly read: (sample: Sample) => Iterable<Reading<Histogram>>;
    }
);

/** A metric without labels. */
export const single = (
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (sample: Sample) => number,
): Metric => ({ kind, name, help, labels: [], read: (sample) => [[{}, read(sample)]] });

/** A metric with one label: what it reads is by the label's values. */
export const byLabel = (
  kind: "counter" | "gauge",
  name: string,
  help: string,
  label: string,
  read: (sample: Sample) => Readonly<Record<string, number>>,
): Metric => ({
  ...{ kind, name, help, labels: [label] },
  read: (sample) =>
    Object.entries(read(sample)).map(([which, value]) => [{ [label]: which }, value] as const),
});

/** A histogram without labels. */
export const histogram = (
  name: string,
  help: string,
  bounds: readonly number[],
  read: (sample: Sample) => Histogram,
): Metric => ({
  ...{ kind: "histogram", name, help, labels: [], bounds },
  read: (sample) => [[{}, read(sample)]],
});

/** Of 0.1 ms to 1.6 s or more, each twice the one before. */
export const doublings = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first * 2 ** i);
