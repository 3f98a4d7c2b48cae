import {
  all,
  at,
  crash,
  defineScenario,
  every,
  faultHit,
  leader,
  leaderDeposed,
  majority,
  mixedLoad,
  okDuring,
  one,
  powerLoss,
  restart,
  seconds,
  snapshot,
  snapshotInstalled,
} from "../src/chaos/dsl.ts";

/**
 * Snapshots when nobody expects them: while a node is down that will miss what they cover, and in the
 * moment before a crash or a loss of power. Whatever a node comes back with, its snapshot and its log
 * must be one state, and a node that missed too much must get it from the leader.
 */
export default defineScenario({
  name: "snapshot-nemesis",
  about:
    "Nodes are told to take snapshots while others are down, and just before they crash or lose power.",
  cluster: { nodes: 5, storage: "disk", snapshotEveryBytes: 256 << 10 },
  workload: mixedLoad({ rate: 1_000, clients: 64, connections: 8, valueBytes: 1024, keys: 128 }),
  durationMs: seconds(13),
  faults: [
    at(2_000, crash(one)),
    every({ everyMs: 700, fromMs: 2_200, toMs: 5_000 }, at(0, snapshot(all))),
    at(5_200, restart(all)),
    every(
      { everyMs: 2_000, fromMs: 6_000, toMs: 12_000 },
      at(0, snapshot(majority)),
      at(10, crash(leader)),
      at(700, snapshot(all)),
      at(710, powerLoss(one, "torn")),
      at(1_300, restart(all)),
    ),
  ],
  recoverWithinMs: seconds(8),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("snapshot", 6), snapshotInstalled(), leaderDeposed(2), okDuring("crash", 100)],
});
