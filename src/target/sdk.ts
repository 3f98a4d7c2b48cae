/**
 * What a module needs that teaches Ordeal another system: exported from the package as `ordeal/target`.
 * Such a module exports `target`, a Target, and, if its protocol is not one that Ordeal knows, `openClient`.
 * docs/tutorials/your-own-system.md writes one.
 *
 * @module
 */
export type {
  Capability,
  Cluster,
  ClusterAddress,
  ClusterEvent,
  ClusterOptions,
  GroupShards,
  GroupStatus,
  NodeStart,
  NodeStatus,
  PeerStatus,
  Sharded,
  ShardsStatus,
  StoreProtocol,
  Target,
  Terms,
} from "./target.ts";
export type { LinkState } from "../fault/vocabulary.ts";
export { Prng } from "../lib/prng.ts";
export { PlainClerk } from "../client/plain-clerk.ts";
export type {
  PlainClerkOptions,
  PlainClerkPorts,
  PlainOps,
  Refusal,
} from "../client/plain-clerk.ts";
export type { Completion } from "../client/ports.ts";
export type { OpCode } from "../kv/command.ts";
export type { ShardConfig } from "../kv/shard-config.ts";
export type { ShardsReport, ShardState } from "../kv/shard-ops.ts";
export type { CredentialFiles } from "../security/credentials.ts";
export { NodeConnections } from "./connected.ts";
export { PipelinedConnection } from "./pipelined.ts";
export type { PipelinedEvents, PipelinedProtocol, ReplyStream } from "./pipelined.ts";
export {
  ExternalCluster,
  type ExternalNode,
  type ExternalSystem,
  nowUs,
} from "./external/cluster.ts";
export { newNodes, refuseOptions, withFreePorts } from "./external/nodes.ts";
export { lineClient, type LineProtocol, type LineReply, type LineRequest } from "./lines.ts";
export type {
  Clerks,
  OpenClient,
  ProtocolClient,
  StoreClientEvents,
  StoreClientOptions,
} from "./store-client.ts";
