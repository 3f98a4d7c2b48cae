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
  NodeStatus,
  StoreProtocol,
  Target,
} from "./target.ts";
export {
  ExternalCluster,
  type ExternalNode,
  type ExternalSystem,
  nowUs,
} from "./external/cluster.ts";
export { newNodes, refuseOptions, withFreePorts } from "./external/nodes.ts";
export { lineClient, type LineProtocol, type LineReply, type LineRequest } from "./lines.ts";
export type {
  OpenClient,
  ProtocolClient,
  StoreClientEvents,
  StoreClientOptions,
} from "./store-client.ts";
