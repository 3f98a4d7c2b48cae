import type { SimResult, SimStats, Violation } from "../api.ts";
import { checkClients } from "../check-clients.ts";
import { violationOf } from "../violation.ts";
import { EVENT } from "../world.ts";
import type { ShardSchedule } from "./api.ts";
import { ShardCluster } from "./cluster.ts";
import { runUntil, settle } from "./settle.ts";

/** Runs a schedule to its end, or to the first violation. The same schedule gives the same result. */
export function runShards(schedule: ShardSchedule): SimResult {
  let cluster: ShardCluster | null = null;
  try {
    cluster = new ShardCluster(schedule);
    return resultOf(cluster, play(cluster, schedule), null);
  } catch (error) {
    return resultOf(cluster, "fail", violationOf(error, cluster?.world ?? null, cluster?.notes()));
  }
}

function play(cluster: ShardCluster, schedule: ShardSchedule): "pass" | "unknown" {
  const { world, clients } = cluster;
  for (const action of schedule.actions) {
    world.at(action.atMs, EVENT.action, 0, () => cluster.act(action));
  }
  for (const operation of schedule.operations) {
    world.at(operation.atMs, EVENT.operation, 0, () => void clients.start(operation));
  }
  runUntil(cluster, () => world.now >= schedule.durationMs, schedule.durationMs);
  cluster.note("all heals");
  cluster.heal();
  settle(cluster, [...new Set(schedule.operations.map(({ key }) => key))]);
  return checkClients(clients);
}

function resultOf(
  cluster: ShardCluster | null,
  verdict: SimResult["verdict"],
  violation: Violation | null,
): SimResult {
  const stats: SimStats = {
    simulatedMs: cluster?.world.now ?? 0,
    events: cluster?.world.events ?? 0,
    frames: cluster?.network.frames ?? 0,
    framesLost: cluster?.network.lost ?? 0,
    operations: cluster?.clients.started ?? 0,
    operationsOk: cluster?.clients.succeeded ?? 0,
    elections: cluster?.watch.elections ?? 0,
    crashes: cluster?.crashes ?? 0,
    commits: cluster?.watch.commits ?? 0,
    snapshotsInstalled: cluster?.nodes.reduce((sum, node) => sum + node.installs, 0) ?? 0,
    membershipChanges: 0,
    transfers: cluster?.transfers ?? 0,
    readsByLease: cluster?.nodes.reduce((sum, node) => sum + node.readsByLease, 0) ?? 0,
    configs: cluster?.watch.num ?? 0,
    shardMoves: cluster?.watch.moves ?? 0,
  };
  return { verdict, violation, traceHash: cluster?.world.trace.digest() ?? "", stats };
}
