import type { RaftDetails } from "../../raft/api.ts";
import type { LoopLagReport } from "../loop-lag.ts";
import type { NodeStatusReport } from "../node-status.ts";
import type { PeerTraffic } from "../peer-traffic.ts";
import type { NodeCounters } from "./node-counters.ts";

/** Where the metrics of a node come from. Nothing of it is called but for a scrape. */
export type MetricsSource = {
  readonly status: () => NodeStatusReport;
  readonly counters: NodeCounters;
  readonly traffic: () => ReadonlyMap<number, PeerTraffic>;
  /** Of group 1. */
  readonly details: () => RaftDetails;
  /** Client requests taken and not yet answered, of all groups. */
  readonly unanswered: () => number;
  /** Bytes appended to the log and not yet durable. */
  readonly walPendingBytes: () => number;
  /** What the state machines of all groups hold. */
  readonly state: () => {
    readonly keys: number;
    readonly bytes: number;
    readonly sessions: number;
  };
};

/** All that one scrape tells, as of one moment. */
export type Sample = {
  readonly status: NodeStatusReport;
  readonly counters: NodeCounters;
  readonly traffic: ReadonlyMap<number, PeerTraffic>;
  readonly details: RaftDetails;
  readonly unanswered: number;
  readonly walPendingBytes: number;
  readonly state: { readonly keys: number; readonly bytes: number; readonly sessions: number };
  readonly lag: LoopLagReport;
};

export const takeSample = (source: MetricsSource, lag: LoopLagReport): Sample => ({
  status: source.status(),
  counters: source.counters,
  traffic: source.traffic(),
  details: source.details(),
  unanswered: source.unanswered(),
  walPendingBytes: source.walPendingBytes(),
  state: source.state(),
  lag,
});
