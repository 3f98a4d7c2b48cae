import type { LoadEvent } from "../../workload/spec.ts";
import type {
  ClusterInfo,
  LinkView,
  LiveEvent,
  LoadOptions,
  NodeView,
  ShardsView,
  StartOptions,
} from "./document.ts";

export type LoadTick = Extract<LoadEvent, { readonly kind: "tick" }>;

/** An event before it has a number. */
export type NewEvent = Omit<LiveEvent, "seq">;

/** A cluster as it is at one moment. */
export type Look = {
  readonly cluster: ClusterInfo;
  readonly nodes: readonly NodeView[];
  readonly links: readonly LinkView[];
  readonly shards: ShardsView | null;
  /** Highest commitIndex of each group, added up. */
  readonly committed: number;
  /** What happened since the look before. */
  readonly events: readonly NewEvent[];
};

/** A load that runs. */
export type HostLoad = {
  /** Rejects when its process ends without being told to. */
  readonly done: Promise<unknown>;
  stop(): Promise<void>;
};

/**
 * The cluster that the dashboard shows: one that others run in a directory, or one that it is told to start.
 * The command line makes it (cli/dashboard/), since only it knows targets and processes.
 */
export type LiveHost = {
  /** Null: there is none, or it does not answer. Never rejects. */
  look(): Promise<Look | null>;
  /** False: it shows one that others run. */
  readonly mayStart: boolean;
  /** Resolves once there is a leader. Rejects with UserError on bad options. */
  start(options: StartOptions): Promise<void>;
  /** Ends every process of a cluster that was started here. */
  stop(): Promise<void>;
  /** Has the supervisor do something (its own document); `by` says who asks. */
  act(fault: unknown, by: string): Promise<void>;
  /** Resolves once the generator is connected. */
  load(options: LoadOptions, onTick: (tick: LoadTick) => void): Promise<HostLoad>;
  /** Ends everything that was started here. */
  close(): Promise<void>;
};
