import {
  all,
  at,
  configChanged,
  defineScenario,
  every,
  faultHit,
  leaderDeposed,
  powerLoss,
  randomly,
  reshard,
  restart,
  shardedStore,
  shardsMoved,
} from "../src/chaos/dsl.ts";

/**
 * All nodes lose their power while shards are on their way. What has arrived of a shard, who has frozen it, and what
 * may be deleted is in the logs of the groups alone, so a migration goes on from what a majority of
 * disks kept: never from a copy that nobody may use any more.
 */
export default defineScenario({
  name: "shards-power-loss",
  about: "All nodes lose their power while shards are on their way: the migrations go on.",
  ...shardedStore(),
  faults: [
    every(
      { everyMs: 2_700, fromMs: 1_600, toMs: 9_800 },
      at(0, reshard("shuffle")),
      at(1_500, reshard("rebalance")),
    ),
    randomly(
      { everyMs: 2_700, fromMs: 1_610, toMs: 9_810 },
      [at(30, powerLoss(all, "nothing")), at(230, restart(all))],
      [at(60, powerLoss(all, "prefix")), at(260, restart(all))],
      [at(90, powerLoss(all, "torn")), at(290, restart(all))],
    ),
  ],
  aim: [faultHit("powerLoss", 3), configChanged(3), shardsMoved(3), leaderDeposed(3)],
});
