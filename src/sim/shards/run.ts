import type { SimResult, Violation } from "../api.ts";
import { checkClients } from "../check-clients.ts";
import { resultOf } from "../result.ts";
import { runUntil } from "../run-until.ts";
import { violationOf } from "../violation.ts";
import { EVENT } from "../world.ts";
import type { ShardSchedule } from "./api.ts";
import { ShardCluster } from "./cluster.ts";
import { PATIENCE, settle } from "./settle.ts";

/** Runs a schedule to its end, or to the first violation. The same schedule gives the same result. */
export function runShards(schedule: ShardSchedule): SimResult {
  let cluster = null as ShardCluster | null;
  const end = (verdict: SimResult["verdict"], violation: Violation | null): SimResult => {
    const watch = cluster?.watch;
    const own = watch && {
      ...{ elections: watch.elections, commits: watch.commits },
      ...{ configs: watch.num, shardMoves: watch.moves },
    };
    return resultOf(cluster, own ?? {}, verdict, violation);
  };
  try {
    cluster = new ShardCluster(schedule);
    return end(play(cluster, schedule), null);
  } catch (error) {
    return end("fail", violationOf(error, cluster?.world ?? null, cluster?.notes()));
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
  runUntil(world, PATIENCE, () => world.now >= schedule.durationMs, schedule.durationMs);
  cluster.note("all heals");
  cluster.heal();
  settle(cluster, [...new Set(schedule.operations.map(({ key }) => key))]);
  return checkClients(clients);
}
