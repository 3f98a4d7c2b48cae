import {
  bridge,
  defineScenario,
  during,
  faultHit,
  mixedLoad,
  okDuring,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Two halves that see each other only through one node. With five nodes each half and the bridge
 * are a majority, so two leaders of different terms may each believe in their own for a while; the
 * bridge must not help both to commit, and terms must not climb for ever between the halves.
 */
export default defineScenario({
  name: "bridge",
  about:
    "Two halves joined by a single node: both have a quorum through it, but only one leader may commit.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [during(1_600, 4_800, bridge), during(5_800, 9_000, bridge)],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("partition", 2), okDuring("partition", 100)],
});
