import {
  defineScenario,
  faultHit,
  leaderDeposed,
  mixedLoad,
  okDuring,
  rolling,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Every node is killed and restarted in turn, as an upgrade does, only ruder. At the end nothing is
 * left of any process that took part at the start: whatever a node knew only in memory is gone, and
 * the cluster must have gone on all the while, since only one node was ever missing.
 */
export default defineScenario({
  name: "rolling-restart",
  about:
    "Every node is killed and restarted in turn: the cluster outlives all of its first processes.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [rolling(1_600, 9_400, "crash")],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("crash", 3), leaderDeposed(1), okDuring("crash", 100)],
});
