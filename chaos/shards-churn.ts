import {
  at,
  configChanged,
  crash,
  defineScenario,
  during,
  every,
  faultHit,
  reshard,
  shardedStore,
  shardsMoved,
  someGroupLeader,
} from "../src/chaos/dsl.ts";

/**
 * Groups join and leave and shards move while leaders of groups crash: of the group that gives a shard, of
 * the one that takes it, of one that has nothing to do with it. Each step of a migration is one entry
 * of a group's log, so the next leader goes on where the last one stopped, and does nothing twice.
 */
export default defineScenario({
  name: "shards-churn",
  about: "Groups join and leave and shards move while group leaders crash: no write may be lost.",
  ...shardedStore({ idleGroups: 2 }),
  faults: [
    every(
      { everyMs: 2_600, fromMs: 1_600, toMs: 9_400 },
      at(0, reshard("join")),
      during(40, 900, crash(someGroupLeader)),
      at(900, reshard("shuffle")),
      at(1_500, reshard("leave")),
      during(1_540, 2_400, crash(someGroupLeader)),
    ),
  ],
  aim: [faultHit("crash", 3), configChanged(5), shardsMoved(10)],
});
