import { OUTCOME_OK } from "../../history/op.ts";
import type { ShardsReport } from "../../kv/shard-ops.ts";
import type { ShardCluster } from "./cluster.ts";
import { runUntil } from "../run-until.ts";
import { violated } from "../violation.ts";
import { EVENT } from "../world.ts";

/** LIVE: after healing everything is settled within so long. Virtual ms. */
const SETTLED_WITHIN_MS = 20_000;
const FINAL_WITHIN_MS = 20_000;
export const PATIENCE = { pollMs: 10, eventsMax: 1_000_000 };

/** What the leader of a group says of its shards; null: nobody leads it. */
export function reportOf(cluster: ShardCluster, group: number): ShardsReport | null {
  const leader = cluster.leaderOf(group);
  return leader === 0 ? null : (cluster.node(leader).kv(group)?.report() ?? null);
}

/** The group has the newest config, all that is its own by it, and owes nobody anything. */
export function isSettled(cluster: ShardCluster, group: number): boolean {
  const report = reportOf(cluster, group);
  if (report === null || report.num !== cluster.watch.num || report.toDrop.length > 0) return false;
  return report.shards.every(({ state }) => state === "serving" || isKeptForNobody(cluster, state));
}

/** While no group has joined, the last owner goes on to serve, and keeps, what nobody else gets. */
const isKeptForNobody = (cluster: ShardCluster, state: string): boolean =>
  state === "leaving" && newestConfig(cluster)?.groups.length === 0;

function newestConfig(cluster: ShardCluster) {
  const leader = cluster.leaderOf(1);
  return leader === 0 ? null : (cluster.node(leader).controller?.config ?? null);
}

/**
 * Everything comes to rest once all is healed: each group has the newest config and its shards, no
 * operation is pending, every key can be read (LIVE), replicas are equal (CONV), nothing is left of
 * shards that moved (GONE). `keys`: those that the clients used.
 */
export function settle(cluster: ShardCluster, keys: readonly number[]): void {
  const { world, clients, groups, nodes } = cluster;
  const live = (what: string, withinMs: number, isDone: () => boolean): void => {
    if (runUntil(world, PATIENCE, isDone, world.now + withinMs)) return;
    const states = groups.map((group) => {
      const report = reportOf(cluster, group);
      return `group ${group}, led by ${cluster.leaderOf(group)}: ${JSON.stringify(report)}`;
    });
    violated("LIVE", `${what} within ${withinMs} ms after everything healed`, states);
  };
  live("not all groups have a leader", SETTLED_WITHIN_MS, () =>
    [1, ...groups].every((group) => cluster.leaderOf(group) !== 0),
  );
  live("the operator still waits", SETTLED_WITHIN_MS, () => cluster.operator.busy === 0);
  if (newestConfig(cluster)?.groups.length === 0) joinAll(cluster);
  live(
    "not all operations and changes have ended",
    SETTLED_WITHIN_MS,
    () => cluster.operator.busy + clients.busy === 0,
  );
  live("not all shards are where they belong", SETTLED_WITHIN_MS, () =>
    groups.every((group) => isSettled(cluster, group)),
  );
  finish(cluster, keys, (isDone) => live("keys cannot be read", FINAL_WITHIN_MS, isDone));
  live("replicas still owe answers", FINAL_WITHIN_MS, () =>
    nodes.every((node) => node.unanswered === 0),
  );
  live("replicas of a group still differ", FINAL_WITHIN_MS, () =>
    [1, ...groups].every((group) => isConverged(cluster, group)),
  );
  checkEqual(cluster);
}

/** Somebody must have the shards, or no key can be read. */
function joinAll(cluster: ShardCluster): void {
  const joining = cluster.groups.map((id) => ({ id, nodes: cluster.nodesOf(id) }));
  cluster.operator.change({ kind: "join", groups: joining }, null, () => {});
}

/** A write and a read of each key, one after the other; what is refused is asked again. */
function finish(
  { world, clients }: ShardCluster,
  keys: readonly number[],
  wait: (isDone: () => boolean) => void,
): void {
  const finals = keys.flatMap((key) => [
    { client: 0, op: "append", key } as const,
    { client: 0, op: "get", key } as const,
  ]);
  let done = 0;
  const next = (): void => {
    const operation = finals[done];
    if (operation !== undefined) clients.start(operation);
  };
  const tell = clients.onDone;
  clients.onDone = (client, outcome) => {
    tell(client, outcome);
    if (outcome === OUTCOME_OK) done++;
    world.at(world.now, EVENT.phase, 0, next);
  };
  next();
  wait(() => done >= finals.length);
  clients.onDone = tell;
}

function isConverged(cluster: ShardCluster, group: number): boolean {
  const applied = cluster.nodesOf(group).map((id) => cluster.node(id).status(group)?.appliedIndex);
  return new Set(applied).size === 1 && applied[0] !== undefined;
}

/** CONV and GONE, on every replica. */
function checkEqual(cluster: ShardCluster): void {
  for (const group of cluster.groups) {
    const machines = cluster.nodesOf(group).map((id) => cluster.node(id).kv(group)!);
    const digests = new Set(machines.map((machine) => machine.digest()));
    if (digests.size > 1) {
      violated("CONV", `replicas of group ${group} have different states`, [...digests]);
    }
    for (const { shard, state, keys } of machines[0]!.report().shards) {
      if (state === "serving") continue;
      violated("GONE", `group ${group} still has shard ${shard}, ${state}, with ${keys} keys`);
    }
  }
}
