import {
  at,
  configChanged,
  crash,
  defineScenario,
  during,
  every,
  faultHit,
  halves,
  isolate,
  leader,
  mixedLoad,
  randomly,
  reshard,
  seconds,
  shardedStore,
  shardsMoved,
  someGroupLeader,
} from "../src/chaos/dsl.ts";

/**
 * Eight groups that come and go, crashes, and partitions, for a minute, under 10 clients that mostly append: an
 * append that was repeated at another owner of its shard, or lost on the way there, shows in every
 * later read of its key.
 */
export default defineScenario({
  name: "shards-storm",
  about: "Churn of 8 groups, crashes and partitions at once: each append counts once.",
  ...shardedStore({ shards: 24, groups: 8, idleGroups: 2 }),
  workload: mixedLoad({
    ...{ clients: 10, connections: 10, rate: null },
    mix: { get: 0.3, put: 0.2, cas: 0.1, append: 0.4, delete: 0 },
  }),
  durationMs: seconds(60),
  faults: [
    every(
      { everyMs: 5_000, fromMs: 9_000, toMs: 59_000 },
      at(0, reshard("leave")),
      at(1_500, reshard("shuffle")),
      at(3_000, reshard("join")),
      at(4_200, reshard("rebalance")),
    ),
    randomly(
      { everyMs: 5_000, fromMs: 9_000, toMs: 59_000 },
      [during(50, 1_500, crash(someGroupLeader)), during(1_900, 3_300, isolate(someGroupLeader))],
      [during(50, 1_500, isolate(leader)), during(1_900, 3_300, crash(leader))],
      [during(50, 1_500, halves("any")), during(1_900, 3_300, crash(someGroupLeader))],
    ),
  ],
  aim: [faultHit("crash", 3), faultHit("isolate", 2), configChanged(20), shardsMoved(40)],
});
