import type { HistogramJson, LatencySummary } from "../lib/histogram.ts";
import type { ClusterAddress } from "../target/target.ts";

export type { LatencySummary };

/** What a generator process is asked to do: one JSON document on its standard input. */
export type LoadSpec = {
  readonly address: ClusterAddress;
  readonly seed: number;
  /** Closed loop: this many clients, each with one operation outstanding. */
  readonly clients: number;
  /** Open loop: operations a second over all clients, whatever the latency; null: closed loop. */
  readonly rate: number | null;
  readonly arrivals: "constant" | "poisson";
  /** Connections that the clients of this process share, at most one a client. */
  readonly connections: number;
  readonly keys: number;
  readonly keyDistribution: "uniform" | "zipfian" | "latest" | "sequential";
  readonly valueBytes: number;
  readonly mix: Mix;
  /** A scan asks for 1 to so many keys, every number alike. Default 100 (YCSB E); at most 1,000. */
  readonly scanLength?: number;
  /** Ends by itself once so many operations have begun and ended; with one generator. Default: no limit. */
  readonly operations?: number;
  /** Ends by itself after this; `stop` on standard input ends it sooner. Null: only by `stop`. */
  readonly durationMs: number | null;
  /** Excluded from the summary, not from the history. */
  readonly warmupMs: number;
  /** An operation without an answer for so long is `info`. */
  readonly timeoutMs: number;
  /**
   * Default 0. Share of the operations, 0 to 1, that first ask the client's own node (its number
   * modulo the nodes), as clients behind a load balancer do, and only then the leader. Without
   * them nobody would ask a node that wrongly answers: a deposed leader, or a stale follower.
   */
  readonly homeShare?: number;
  /** Gets are linearizable (ReadIndex) or answered by any node from its own state. */
  readonly reads: "linearizable" | "local";
  /** Path of the history file; null records none. */
  readonly history: string | null;
  /**
   * Default false. The history is followed while it is recorded, and violations are told as events.
   * Needs `history`.
   */
  readonly follow?: boolean;
  /**
   * Default false. At the end, whichever way it came, every key is read once linearizably and
   * recorded in the history, before `done`. Not part of the figures.
   */
  readonly finalReads?: boolean;
  /**
   * How an open loop waits for the next start. `spin` (default) is late by microseconds and burns a
   * core at rates above 500/s; `event` is late by up to 1.1 ms and burns next to nothing.
   */
  readonly pacing?: "spin" | "event";
  /**
   * Default 1. Generator processes that share the load, each with its part of the clients, the
   * connections and the rate. "auto": as many as short trials before the run show to be needed, up
   * to the cores. More than one keeps no history: each process knows its own operations only.
   */
  readonly generators?: number | "auto";
  /** Set by whoever splits a load (split.ts): which of the processes this one is. */
  readonly part?: LoadPart;
};

/** Part `index`, from 0, of `of` parts that start together. */
export type LoadPart = { readonly index: number; readonly of: number };

/** The part of a LoadSpec that a scenario or suite decides; a run supplies the rest. */
export type LoadShape = Pick<
  LoadSpec,
  | "clients"
  | "rate"
  | "arrivals"
  | "connections"
  | "keys"
  | "keyDistribution"
  | "valueBytes"
  | "mix"
  | "timeoutMs"
  | "homeShare"
  | "reads"
  | "scanLength"
  | "pacing"
  | "generators"
>;

/**
 * Shares of the operations; they add up to 1. `cas` is a put with the version last seen, `rmw` a get
 * and then a put with the version that it read, in one operation of the figures (YCSB F); `scan` reads
 * keys in their order. A scan cannot be recorded in a history, which is of single keys: what it tells
 * of keys that are absent would not be checked.
 */
export type Mix = {
  readonly get: number;
  readonly put: number;
  readonly cas: number;
  readonly append: number;
  readonly delete: number;
  readonly rmw?: number;
  readonly scan?: number;
};

export type Counts = { readonly ok: number; readonly fail: number; readonly info: number };

/**
 * What a generator is told while it runs: JSON lines on its standard input, after the spec. The end
 * of standard input ends it at once, without `done`.
 */
export type LoadCommand =
  | { readonly kind: "stop"; readonly finalReads?: boolean }
  /** To a part, once it is ready: begin at this time, microseconds since the Unix epoch. */
  | { readonly kind: "start"; readonly atUs: number };

/** What a generator says: JSON lines on its standard output. */
export type LoadEvent =
  | { readonly kind: "ready" }
  /** Every 100 ms: what happened since the last tick. */
  | {
      readonly kind: "tick";
      /** Microseconds since the Unix epoch, at the end of the interval. */
      readonly atUs: number;
      readonly intervalMs: number;
      readonly counts: Counts;
      readonly response: LatencySummary;
      /** What `response` sums up; told by parts only, whose ticks are merged. */
      readonly histogram?: HistogramJson;
    }
  | ({ readonly kind: "violation" } & LoadViolation)
  | { readonly kind: "done"; readonly result: LoadResult };

/**
 * The history is not linearizable, as the online checker saw while it was recorded; one a key at
 * most. Times: microseconds since the Unix epoch.
 */
export type LoadViolation = {
  readonly key: string;
  /** `a read by client 7 returned version 41 after client 3 had already read version 42` */
  readonly sentence: string;
  /** When the operation that showed it had its answer, and when it had been seen. */
  readonly atUs: number;
  readonly seenUs: number;
};

export type LoadResult = {
  readonly startedAtUs: number;
  readonly measuredMs: number;
  readonly counts: Counts;
  /** ok operations a second. */
  readonly throughput: number;
  /** From the intended start (open loop); in a closed loop the same as `service`. */
  readonly response: LatencySummary;
  readonly service: LatencySummary;
  /** By operation name: each one of the mix, also if none of it ended. */
  readonly byOp: Readonly<
    Record<string, { readonly counts: Counts; readonly service: LatencySummary }>
  >;
  /** Percentile curve of response time: pairs of (quantile, microseconds), 0 to 0.9999…. */
  readonly curve: readonly (readonly [number, number])[];
  /** Open loop: how late operations started (µs), and how many could not start at all. */
  readonly lateness: LatencySummary;
  readonly dropped: number;
  /**
   * Of those that failed while it was measured: refused by the client itself, which most was refused to, and never
   * sent. Absent: none.
   */
  readonly shed?: number | undefined;
  /** Share of one core that the generator used; of several processes, their sum. */
  readonly cpu: number;
  /** Generator processes that shared the load; absent: one. */
  readonly generators?: number | undefined;
  /** What the summaries and the curve are of. Not in reports: `load.hlog` beside them has it. */
  readonly histograms?: LoadHistograms | undefined;
  /** Keys that the final reads could not read, of all; absent without final reads. */
  readonly unread?: number | undefined;
  /** Null, or why the figures must not be used. */
  readonly void: string | null;
};

export type LoadHistograms = {
  /** Open loop only: in a closed loop it is what `service` has, all operations together. */
  readonly response?: HistogramJson | undefined;
  readonly lateness: HistogramJson;
  /** By operation name. */
  readonly service: Readonly<Record<string, HistogramJson>>;
};
