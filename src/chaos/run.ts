import type { ShardConfig } from "../kv/shard-config.ts";
import type { LamportDiagram } from "../report/page/lamport.ts";
import type { Check, FaultBand, Report, ShardTimeline } from "../report/schema.ts";
import type {
  ClusterEvent,
  NodeStart,
  NodeStatus,
  ShardsStatus,
  Target,
} from "../target/target.ts";
import type { Counts, LoadResult, LoadSpec, LoadViolation } from "../workload/spec.ts";
import type { LeftOver } from "./left-over.ts";
import type { MemorySample } from "./memory.ts";
import type { OpenBand } from "./fault-log.ts";
import type { Scenario } from "./scenario.ts";
import type { Schedule } from "./schedule.ts";
import type { Tick } from "./timeline.ts";

/** Starts a load generator in a process of its own; resolves when it is ready and has begun. */
export type StartLoad = (
  spec: LoadSpec,
  onTick: (tick: Tick) => void,
  onViolation?: (violation: LoadViolation) => void,
) => Promise<RunningLoad>;

export type RunningLoad = {
  /** Its processes. */
  readonly pids?: readonly number[];
  /** Resolves when the load has ended, by itself or by stop; rejects when its process dies. */
  readonly done: Promise<LoadResult>;
  /** No new operations, then a last get of every key; resolves when the history is on disk. */
  stop(): Promise<LoadResult>;
  /** Ends the process at once. Safe after stop, and twice. */
  kill(): Promise<void>;
};

/**
 * Plays a schedule, and leaves a history at `paths.history`. Rejects with the signal's reason when that
 * aborts.
 */
export type Play = (
  target: Target,
  scenario: Scenario,
  schedule: Schedule,
  options: RunOptions,
  paths: { readonly cluster: string; readonly history: string },
) => Promise<Recording>;

/** What is known of a run when it was judged, for the story of a violation. */
export type Happened = {
  readonly checks: readonly Check[];
  /** Nodes 1 … nodes, spares included. */
  readonly nodes: number;
  /** When the load began. */
  readonly startUs: number;
  readonly bands: readonly FaultBand[];
  readonly events: readonly ClusterEvent[];
  /** Of each node that recorded. */
  readonly recordings: readonly Uint8Array[];
};

export type RunOptions = {
  readonly kind: "chaos" | "demo";
  readonly seed: number;
  readonly durationMs: number;
  /** The exact command that repeats this run. */
  readonly command: string;
  /** The flags that say where the nodes run, kept in the report for `chaos reproduce`. */
  readonly place?: Readonly<Record<string, string | undefined>> | undefined;
  readonly reportsDir: string;
  /** Keeps the data of the nodes after a pass too. */
  readonly keep: boolean;
  /**
   * Every node records what its core is given, for `ordeal replay` and the story of a violation.
   * "failures": a run that passes keeps no recordings.
   */
  readonly record?: boolean | "failures" | undefined;
  /**
   * Default true: a violation that is seen while the load runs ends it. All faults are lifted, every
   * key is read, and the history as it is then goes to the checker.
   */
  readonly stopOnViolation?: boolean | undefined;
  /** Default: in real time, on the processes that the target starts (play.ts). */
  readonly play?: Play | undefined;
  /** Draws what led to a violation, as a Lamport diagram; null: there is nothing to draw. */
  readonly tellStory?: ((happened: Happened) => LamportDiagram | null) | undefined;
  readonly startLoad: StartLoad;
  readonly onProgress: (progress: Progress) => void;
  /** Aborting ends the run early: all its processes are stopped and runScenario throws the reason. */
  readonly signal: AbortSignal;
};

/** A reason to abort: somebody ended the run before it had a verdict. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export type RunOutcome = {
  readonly report: Report;
  /** Where report.json, report.html, the history and the node logs are. */
  readonly dir: string;
  /** The page for people. */
  readonly html: string;
  /** Highest index that was committed, and frames between nodes (null: not counted). */
  readonly commits: number;
  readonly frames: number | null;
};

export type Phase = "starting" | "running" | "recovering" | "reading" | "checking";

/** How a run stands, a few times a second. */
export type Progress = {
  readonly phase: Phase;
  /** Since the load began, and how long it is to last. */
  readonly elapsedMs: number;
  readonly durationMs: number;
  readonly nodes: readonly NodeStatus[];
  /** Of a sharded cluster, as it was seen last. */
  readonly shards?: ShardsStatus | undefined;
  readonly faults: readonly OpenBand[];
  /** ok operations a second, and worst p99 (µs), over the last second. */
  readonly throughput: number;
  readonly p99Us: number | null;
  readonly total: Counts;
  /** ok operations a second, a value a tick (100 ms), oldest first. */
  readonly curve: readonly number[];
  /** `k17: a read by …`: the first violation that was seen; absent: none so far. */
  readonly violation?: string | undefined;
};

/** The first violation that was seen while the load ran. */
export type SeenViolation = LoadViolation & {
  /** µs since the Unix epoch: when the run knew, in another process than the generator. */
  readonly knownUs: number;
  /** Whether it ended the load. */
  readonly stopped: boolean;
};

/** What a run left behind for the judge, besides its history. Times: µs since the Unix epoch. */
export type Recording = {
  readonly scenario: Scenario;
  readonly schedule: Schedule;
  readonly loadStartedUs: number;
  /** When every fault had been lifted; null: that failed, and `errors` says why. */
  readonly recoveredUs: number | null;
  readonly ticks: readonly Tick[];
  /** Conditions that sequences waited for in vain, in words. */
  readonly neverTrue?: readonly string[];
  readonly memory?: readonly MemorySample[];
  readonly bands: readonly FaultBand[];
  /** Of group 1. */
  readonly events: readonly ClusterEvent[];
  /** Of the groups of shards; absent: nothing is sharded. */
  readonly groupEvents?: readonly ClusterEvent[];
  /** What was seen of shards while it ran. */
  readonly shards?: ShardTimeline;
  readonly starts: readonly NodeStart[];
  readonly load: LoadResult;
  /** Absent: none was seen while the load ran, which proves nothing. */
  readonly violation?: SeenViolation | undefined;
  /** Node processes that ended of themselves, with what they said last. */
  readonly failures: readonly string[];
  /** Faults and lifts that the target could not bring about: `restart all nodes: …`. */
  readonly errors: readonly string[];
  /** What each node said of itself last. */
  readonly nodes?: readonly NodeStatus[];
  /** Of a sharded cluster: the config when the load began, and each that came after it. */
  readonly configs?: readonly ShardConfig[];
  /** What was still on its way when the run ended, in words; absent: nothing is sharded. */
  readonly unsettled?: readonly string[];
  /** Reads that leaders served by lease; absent: they do not tell. */
  readonly readsByLease?: number;
  /** Frames that nodes sent each other; null: nobody counted. */
  readonly frames?: number | null;
  /** Processes that still were there after all had been stopped; absent: it started none. */
  readonly leftOver?: readonly LeftOver[];
  /** What whoever played it judges by itself. */
  readonly checks?: readonly Check[];
};
