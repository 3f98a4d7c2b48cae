import { fetchNode } from "../security/keyring.ts";
import type { NodeAddress } from "../runtime/config.ts";
import type { NodeStatusReport } from "../runtime/node-status.ts";
import type { NodeStatus } from "./target.ts";

/** The state of a node that cannot be asked; what it said last, or zeros, stand for the rest. */
export function silentStatus(
  address: NodeAddress,
  role: "down" | "paused",
  pid: number,
  last?: NodeStatus,
): NodeStatus {
  const { id, peerPort, clientPort, httpPort } = address;
  const { term = 0, commitIndex = 0, appliedIndex = 0, lastIndex = 0 } = last ?? {};
  const indexes = { term, commitIndex, appliedIndex, lastIndex };
  return { id, pid, role, ...indexes, peerPort, clientPort, httpPort };
}

/** Asks a node over HTTP; null when it does not answer, or another cluster does, within `withinMs`. */
export async function askStatus(
  address: NodeAddress,
  clusterId: string,
  withinMs: number,
): Promise<NodeStatus | null> {
  try {
    const signal = AbortSignal.timeout(Math.max(1, withinMs));
    const at = { host: address.host, port: address.httpPort };
    const response = await fetchNode(at, "/status", { signal });
    if (!response.ok) return null;
    const said = (await response.json()) as NodeStatusReport;
    if (said.clusterId !== clusterId || said.id !== address.id) return null;
    const { id, pid, role, term, commitIndex, appliedIndex, lastIndex, snapshotIndex } = said;
    const { peerPort, clientPort, httpPort, rssBytes, reads, groups } = said;
    const { leaderId, durableIndex, votedFor, peers } = said;
    return {
      ...{ id, pid, role, term, commitIndex, appliedIndex, lastIndex, snapshotIndex },
      ...{ leaderId, durableIndex, votedFor, peers },
      ...{ peerPort, clientPort, httpPort, rssBytes, reads, ...(groups && { groups }) },
    };
  } catch {
    return null;
  }
}

/** The leader of the highest term: a deposed one may not have heard of it yet. 0: none. */
export function leaderOf(statuses: readonly NodeStatus[]): number {
  let leader: NodeStatus | undefined;
  for (const status of statuses) {
    if (status.role === "leader" && status.term > (leader?.term ?? 0)) leader = status;
  }
  return leader?.id ?? 0;
}
