import { leaderOf } from "../local-status.ts";
import type { Cluster, ClusterAddress } from "../target.ts";
import { until } from "../until.ts";

const WITHIN_MS = 60_000;
const STATUS_MS = 10_000;

/** Waits until one leads that is none of `others`, and returns it. */
export const leaderBeside = (cluster: Cluster, others: readonly number[]): Promise<number> =>
  until(`a leader that is none of ${others}`, WITHIN_MS, async () => {
    const leader = leaderOf(await cluster.status(STATUS_MS));
    return leader !== 0 && !others.includes(leader) ? leader : null;
  });

/** The address of a cluster for a client that knows one of its nodes only. */
export const addressOf = (cluster: Cluster, id: number): ClusterAddress => ({
  ...cluster.address,
  nodes: cluster.address.nodes.filter((node) => node.id === id),
});

/**
 * Cuts the leader off with a minority, and waits until another leads. Resolves to both: what a client
 * that still talks to the old one is told then, is what a system must be careful about.
 */
export async function splitBrain(cluster: Cluster): Promise<{ old: number; new: number }> {
  const old = await leaderBeside(cluster, []);
  const cut = { kind: "isolate", nodes: { kind: "node", id: old }, direction: "both" } as const;
  await cluster.fault(cut);
  return { old, new: await leaderBeside(cluster, [old]) };
}
