import type { RaftDetails } from "../../raft/api.ts";
import type { LoopLagReport } from "../loop-lag.ts";
import type { NodeStatusReport } from "../node-status.ts";
import type { PeerTraffic } from "../peer-traffic.ts";
import type { NodeCounters } from "./node-counters.ts";

/** What the parts of a node tell of themselves, as of one moment. */
export type NodeSample = {
  readonly status: NodeStatusReport;
  readonly counters: NodeCounters;
  readonly traffic: ReadonlyMap<number, PeerTraffic>;
  /** Of group 1. */
  readonly details: RaftDetails;
  /** Client requests taken and not yet answered, of all groups. */
  readonly unanswered: number;
  /** Bytes appended to the log and not yet durable. */
  readonly walPendingBytes: number;
  /** What the state machines of all groups hold. */
  readonly state: { readonly keys: number; readonly bytes: number; readonly sessions: number };
};

/** Where the metrics of a node come from. It is called for a scrape only. */
export type MetricsSource = () => NodeSample;

/** All that one scrape tells. */
export type Sample = NodeSample & { readonly lag: LoopLagReport };
