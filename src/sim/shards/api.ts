import type { PowerLossKeeps } from "../../fault/vocabulary.ts";
import type { ConfigChange } from "../../kv/config-changes.ts";
import type { SimConfig, SimOperation } from "../api.ts";

/** Nodes of a simulated sharded cluster. */
export const SHARD_NODES_MAX = 12;
/** The first group of shards; the controller is below it. */
export const FIRST_GROUP = 2;

/**
 * Everything that decides a run of a sharded cluster, as plain data (as SimSchedule of one that is
 * not): the same schedule gives the same run, event by event.
 */
export type ShardSchedule = {
  readonly version: 1;
  /** Seeds the streams of links, disks, nodes and clients. */
  readonly seed: number;
  /** Nodes 1 … nodes; the controller is on all of them. */
  readonly nodes: number;
  /** Groups of shards, from FIRST_GROUP on, each on `replicas` nodes. None has joined at first. */
  readonly groups: number;
  readonly replicas: number;
  readonly shards: number;
  /** Faults, changes and load last so long; then all heals, and everything must settle. Virtual ms. */
  readonly durationMs: number;
  readonly config: SimConfig;
  /** Idle groups go to sleep (raft/quiesce.ts), and nodes tell each other that they live. Absent: false. */
  readonly quiesce?: boolean | undefined;
  /** What nodes ask each other to move shards is so late, as of busy ones: clients come in between. Absent: 0. */
  readonly agentDelayMs?: number | undefined;
  /** In the order of atMs. */
  readonly actions: readonly ShardAction[];
  /** In the order of atMs. */
  readonly operations: readonly SimOperation[];
};

/** A node, by id or as the leader of a group at that time; nothing happens while there is none. */
export type Who = { readonly node: number } | { readonly leaderOf: number };

export type ShardAction = { readonly atMs: number } & ShardActionBody;

export type ShardActionBody =
  | { readonly kind: "change"; readonly change: ConfigChange }
  | { readonly kind: "crash" | "restart" | "pause" | "resume" | "snapshot"; readonly who: Who }
  | { readonly kind: "powerLoss"; readonly who: Who; readonly keeps: PowerLossKeeps }
  | { readonly kind: "diskStall"; readonly who: Who; readonly ms: number }
  /** Nothing gets through between these nodes and the others, clients aside. */
  | { readonly kind: "partition"; readonly nodes: readonly number[] }
  | { readonly kind: "isolate"; readonly who: Who; readonly direction: "both" | "in" | "out" }
  | { readonly kind: "transfer"; readonly group: number; readonly to: number }
  /** Of frames between nodes, and between clients and nodes. */
  | { readonly kind: "loss"; readonly ratio: number }
  /** Of what nodes ask each other to move shards, and of the answers: each step takes its time then. */
  | { readonly kind: "agentLoss"; readonly ratio: number }
  /** Restarts who is down, lifts every fault. */
  | { readonly kind: "heal" };

/** The nodes of a group, ascending: spread, so that neighbours share some. */
export function nodesOf(group: number, nodes: number, replicas: number): readonly number[] {
  if (group < FIRST_GROUP) return Array.from({ length: nodes }, (_, i) => i + 1);
  const first = group - FIRST_GROUP;
  const placed = Array.from({ length: replicas }, (_, i) => ((first + i) % nodes) + 1);
  return placed.sort((a, b) => a - b);
}
