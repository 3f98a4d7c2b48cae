import type { FsyncMode } from "../lib/fsync.ts";
import type { ProofArrow } from "../check/explain/proof.ts";
import type { HistoryWindow } from "../check/explain/window.ts";
import type { ClusterEvent } from "../target/target.ts";
import type { LamportDiagram } from "./page/lamport.ts";
import type { LoadResult } from "../workload/spec.ts";

/**
 * reports/<kind>/<name>/<runId>/report.json. Bump SCHEMA on any change that a reader could notice.
 * All times are microseconds since the Unix epoch unless the name says otherwise.
 */
export const SCHEMA = 1;

export type Verdict = "pass" | "fail" | "unknown";

export type Report = {
  readonly schema: typeof SCHEMA;
  readonly runId: string;
  readonly kind: "bench" | "chaos" | "demo";
  readonly name: string;
  readonly about: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly seed: number;
  /** The exact command that repeats this run. */
  readonly command: string;
  /** The suite or scenario as it ran, so that it can be re-run without the source. */
  readonly config: unknown;
  readonly target: {
    readonly name: string;
    readonly version: string;
    /** 0: no cluster took part. */
    readonly nodes: number;
    readonly storage: string;
    /** When the log was synced; absent: batch, or nothing was on disk (and in all older reports). */
    readonly fsync?: FsyncMode | undefined;
  };
  readonly code: { readonly commit: string; readonly dirty: boolean };
  /** Two reports are comparable only when every field here is equal. */
  readonly environment: Environment;
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** One for a chaos run; one a configuration for a bench. */
  readonly loads: readonly ReportLoad[];
  /** Of a bench that measures parts rather than a cluster; absent in reports of anything else. */
  readonly figures?: readonly Figure[] | undefined;
  /** Of a bench that searches for the highest rate; absent in reports of anything else. */
  readonly sweeps?: readonly Sweep[] | undefined;
  /** Of a bench of two systems in turns; absent in reports of anything else. */
  readonly against?: Against | undefined;
  readonly timeline: Timeline | null;
  readonly failovers: readonly Failover[];
  /** How service fared under the faults; absent in older reports, and where nothing was broken. */
  readonly probes?: Probes | undefined;
  /** What led to a violation, message by message where nodes recorded; absent without one. */
  readonly story?: LamportDiagram | undefined;
  /** Paths relative to report.json: history, node logs. */
  readonly artifacts: Readonly<Record<string, string>>;
};

export type ReportLoad = {
  readonly name: string;
  /** The run of median throughput. */
  readonly result: LoadResult;
  /** Every run, when there were several: without them two reports cannot be told from chance. */
  readonly runs?: readonly LoadRun[] | undefined;
};

export type LoadRun = Pick<LoadResult, "throughput" | "response">;

export type Environment = {
  readonly bun: string;
  readonly os: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
};

export type Check = {
  /** "linearizable", "no-lost-acks", "recovered", "one-leader-per-term", … */
  readonly name: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** For a violation: the operations that prove it, in order of invocation; at most 6. */
  readonly evidence: readonly EvidenceOp[];
  /** Why these operations contradict each other; absent in checks of anything else. */
  readonly arrows?: readonly ProofArrow[] | undefined;
  /** What went on around a violation, or around where an unknown verdict got stuck. */
  readonly window?: HistoryWindow | undefined;
};

/** A search for the highest rate at which p99 is within a limit. */
export type Sweep = {
  readonly name: string;
  /** p99 of response time must not be above it. */
  readonly sloP99Us: number;
  /** By rate, then in the order in which they were tried. */
  readonly steps: readonly SweepStep[];
  /** The highest rate that passed, operations a second; null: none did. */
  readonly bestRate: number | null;
  /** The lowest above it that failed; null: none did, the search went no further. */
  readonly failedRate: number | null;
  /** What stopped it there; "generator": the system may do more than was found. */
  readonly limit: SweepStep["limit"];
};

/** One run at one offered rate, on a fresh cluster. */
export type SweepStep = {
  readonly rate: number;
  readonly throughput: number;
  /** Response time: from the moment that an operation was due. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly ok: boolean;
  /** What it failed by; null: it passed. */
  readonly limit: "slo" | "throughput" | "generator" | null;
  readonly why: string | null;
};

/** One measured number. `goal` is what is aimed at, and decides nothing but a mark in the table. */
export type Figure = {
  /** Unique within the suite: `append + fdatasync of 4 KiB against the bare calls`. */
  readonly name: string;
  /** Finite. */
  readonly value: number;
  readonly unit: FigureUnit;
  readonly goal: FigureGoal | null;
  /** How it came about, in a few words: sizes, counts, spread over the runs. */
  readonly note: string;
};

export const FIGURE_UNITS = [
  "ratio",
  "ns",
  "µs",
  "ms",
  "s",
  "/s",
  "MiB",
  "MiB/s",
  "count",
] as const;
export type FigureUnit = (typeof FIGURE_UNITS)[number];
export type FigureGoal = { readonly atMost: number } | { readonly atLeast: number };

/**
 * Two systems under the same load on one machine: runs in pairs, one of each, in the order A B B A …
 * Every run has fresh processes, data directory and ports.
 */
export type Against = {
  /** Of runs, for each case. */
  readonly pairs: number;
  readonly arms: readonly [AgainstArm, AgainstArm];
  readonly cases: readonly AgainstCase[];
  /** Cases that one of the systems cannot do: `memory, 64 clients: redis cannot do "memory": …`. */
  readonly skipped: readonly string[];
};

export type AgainstArm = {
  readonly name: string;
  readonly version: string;
  /** How the load generator speaks to it, in a sentence. */
  readonly client: string;
};

export type AgainstCase = {
  readonly name: string;
  readonly arms: readonly [AgainstFigures, AgainstFigures];
  /** The first arm over the second. */
  readonly ratio: Readonly<Record<"throughput" | "p50" | "p99", RatioInterval>>;
};

/** One arm of one case: medians over its runs. Latencies are response times of ok operations. */
export type AgainstFigures = {
  readonly nodes: number;
  readonly durability: Durability;
  readonly throughput: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Operations that failed or were left without an answer, in all runs. */
  readonly notOk: number;
  /** Share of a core that the generator used, at most. */
  readonly generatorCpu: number;
};

/** Two systems are as durable as each other if and only if `survives` is the same. */
export type Durability = {
  /** Where a write is when it is acknowledged: `on disk, synced, on a majority of 3 nodes`. */
  readonly survives: string;
  /** What the system does for it: `appendfsync always`. */
  readonly how: string;
};

/** By the pairs of runs: the Hodges–Lehmann estimate, with its exact signed-rank interval. */
export type RatioInterval = {
  /** Null: a run acknowledged nothing, and of nothing there is no ratio. */
  readonly ratio: number | null;
  /** Null: unknown, of a single pair. */
  readonly low: number | null;
  readonly high: number | null;
  /** Of the interval: 0.75 of 3 pairs, 0.97 of 6; 0: there is none. */
  readonly confidence: number;
  /** One a pair, in order. */
  readonly pairs: readonly number[];
};

export type EvidenceOp = {
  readonly process: number;
  /** `put k17 v81 → version 4`. */
  readonly text: string;
  readonly callUs: number;
  /** Null: it never returned. */
  readonly returnUs: number | null;
  /** Numbers of its call and return among all events of the evidence; absent: go by the times. */
  readonly events?: readonly [call: number, ret: number | null] | undefined;
};

/** Columns of equal length, a row an interval. */
export type Timeline = {
  readonly startUs: number;
  readonly intervalMs: number;
  readonly ok: readonly number[];
  readonly fail: readonly number[];
  readonly info: readonly number[];
  /** Response time in µs; null where nothing completed. */
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly faults: readonly FaultBand[];
  readonly events: readonly ClusterEvent[];
  /** Absent: nodes did not tell. */
  readonly memory?: readonly NodeMemory[] | undefined;
  /** Of a sharded cluster. */
  readonly shards?: ShardTimeline | undefined;
};

/** What was seen of shards, looking a few times a second. */
export type ShardTimeline = {
  /** The first one is that with which the run began. */
  readonly configs: readonly {
    readonly num: number;
    readonly atUs: number;
    /** That had joined. */
    readonly groups: readonly number[];
  }[];
  readonly migrations: readonly ShardMigration[];
};

/** A shard on its way: from the config that moved it until its new group serves it. */
export type ShardMigration = {
  readonly shard: number;
  readonly from: number;
  readonly to: number;
  /** Of the config. */
  readonly num: number;
  readonly fromUs: number;
  readonly toUs: number;
};

export type FaultBand = {
  /** `crash leader`. */
  readonly label: string;
  readonly kind: string;
  readonly nodes: readonly number[];
  readonly fromUs: number;
  readonly toUs: number;
};

/** Resident memory of one node, a sample at each time. */
export type NodeMemory = {
  readonly node: number;
  readonly atUs: readonly number[];
  readonly rssBytes: readonly number[];
};

export type Probes = {
  /** In order of their beginning, at most 500. */
  readonly faults: readonly FaultProbe[];
  /** Times without any acknowledged operation, to a tenth of a second. */
  readonly unavailable: readonly { readonly fromUs: number; readonly toUs: number }[];
};

export type PhaseFigures = {
  /** Acknowledged operations a second. */
  readonly throughput: number;
  /** The worst of its tenths of a second; null: nothing completed. */
  readonly p99Us: number | null;
};

/** One fault: service before, during and after, and how long it took until each; null: not before the next fault. */
export type FaultProbe = {
  readonly label: string;
  readonly fromUs: number;
  readonly toUs: number;
  /** Up to 2 s before it, since the fault before. */
  readonly before: PhaseFigures;
  readonly during: PhaseFigures;
  readonly after: PhaseFigures;
  /** A node went to another term, or a leader stepped down. */
  readonly detectedMs: number | null;
  readonly electedMs: number | null;
  /** First acknowledged write that began after the fault, of the new leader if there was one. */
  readonly firstAckMs: number | null;
  /** Throughput at 95 % of `before` again; 0: it never fell below. */
  readonly backAfterMs: number | null;
};

/** One change of leader that a fault brought about; null: did not happen in the run. */
export type Failover = {
  readonly fault: string;
  readonly oldLeader: number;
  readonly newLeader: number | null;
  readonly faultAtUs: number;
  /** Fault → a new leader elected. */
  readonly electedMs: number | null;
  /** Fault → first write acknowledged that was invoked after the fault. */
  readonly firstAckMs: number | null;
};
