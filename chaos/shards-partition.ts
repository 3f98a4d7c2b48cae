import {
  at,
  configChanged,
  defineScenario,
  during,
  every,
  faultHit,
  halves,
  isolate,
  leader,
  leaderDeposed,
  randomly,
  reshard,
  shardedStore,
  shardsMoved,
  someGroupLeader,
} from "../src/chaos/dsl.ts";

/**
 * Shards move while groups are cut apart. A leader on the wrong side still has the config of before and takes
 * itself for the owner; it may neither serve what has moved on, nor give it away a second time.
 */
export default defineScenario({
  name: "shards-partition",
  about: "Shards move while groups and their controller are cut apart: each has one owner.",
  ...shardedStore(),
  faults: [
    every(
      { everyMs: 2_600, fromMs: 1_600, toMs: 9_400 },
      at(0, reshard("shuffle")),
      at(1_400, reshard("rebalance")),
    ),
    randomly(
      { everyMs: 2_600, fromMs: 1_620, toMs: 9_420 },
      [during(20, 1_300, isolate(someGroupLeader))],
      [during(20, 1_300, isolate(someGroupLeader, "in"))],
      [during(20, 1_300, isolate(leader))],
      [during(20, 1_300, halves("any"))],
    ),
  ],
  aim: [faultHit("reshard", 4), configChanged(5), shardsMoved(5), leaderDeposed(1)],
});
