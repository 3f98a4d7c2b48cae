import { ByteReader, type ByteWriter, WireError } from "./bytes.ts";
import { beginFrame, endFrame } from "./frame.ts";
import { KIND } from "./kinds.ts";

/**
 * clusterRequest, kind 18: what a client asks first of any node of a cluster; the body is empty
 * and the group 0. The node answers by itself, whether it leads or not, from what it knows now.
 *
 * clusterReply, kind 19, group 0:
 *
 *   offset  type  field
 *        0  u16   id               of the node that answers
 *        2  u16   shards           0: nothing is sharded, all keys are in group 1
 *        4  u16   clusterIdBytes
 *        6  u16   nodes            1 …
 *        8  …     clusterId, UTF-8
 *        …        each node, ascending by id: u16 id, u16 clientPort, u16 hostBytes, host, UTF-8
 */
export type ClusterInfo = {
  readonly clusterId: string;
  /** Of the node that answers. */
  readonly id: number;
  /** 0: nothing is sharded. */
  readonly shards: number;
  /** Where the nodes listen for clients, as the cluster's own config has it. */
  readonly nodes: readonly NodeClientPort[];
};

export type NodeClientPort = {
  readonly id: number;
  readonly host: string;
  readonly clientPort: number;
};

/** Longest reply that a client takes: a config of a few hundred nodes. */
export const CLUSTER_INFO_BYTES_MAX = 1 << 16;

/** Appends a clusterRequest as one whole frame. */
export function writeClusterRequest(w: ByteWriter): void {
  endFrame(w, beginFrame(w, KIND.clusterRequest, 0));
}

/** Appends a clusterReply as one whole frame. */
export function writeClusterInfo(w: ByteWriter, info: ClusterInfo): void {
  const utf8 = new TextEncoder();
  const clusterId = utf8.encode(info.clusterId);
  const start = beginFrame(w, KIND.clusterReply, 0);
  w.u16(info.id);
  w.u16(info.shards);
  w.u16(clusterId.length);
  w.u16(info.nodes.length);
  w.bytes(clusterId);
  for (const { id, host, clientPort } of info.nodes) {
    const hostBytes = utf8.encode(host);
    w.u16(id);
    w.u16(clientPort);
    w.u16(hostBytes.length);
    w.bytes(hostBytes);
  }
  endFrame(w, start);
}

/** Decodes the body of a clusterReply. Throws WireError. */
export function readClusterInfo(body: Uint8Array): ClusterInfo {
  const r = new ByteReader(body);
  const id = r.u16("id");
  const shards = r.u16("shards");
  const clusterIdBytes = r.u16("clusterIdBytes");
  const count = r.u16("nodes");
  const clusterId = text(r.bytes(clusterIdBytes, "clusterId"), "clusterId");
  const nodes = Array.from({ length: count }, (): NodeClientPort => {
    const [node, clientPort, hostBytes] = [r.u16("id"), r.u16("clientPort"), r.u16("hostBytes")];
    return { id: node, host: text(r.bytes(hostBytes, "host"), "host"), clientPort };
  });
  r.end();
  if (count === 0) throw new WireError("nodes: a cluster of none");
  return { clusterId, id, shards, nodes };
}

function text(bytes: Uint8Array, field: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new WireError(`${field}: not UTF-8`);
  }
}
