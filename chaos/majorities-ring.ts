import {
  defineScenario,
  during,
  faultHit,
  majoritiesRing,
  mixedLoad,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Every node hears a majority, and no two hear the same one (Jepsen's "majorities ring"). Quorums
 * still meet, but a follower that cannot hear the leader calls elections, and a system that counts
 * "somebody sees me" as a quorum falls apart here. Progress is not asked for: with five nodes whom
 * one hears also hears it, and there is some; with seven nobody has a majority that hears it back.
 */
export default defineScenario({
  name: "majorities-ring",
  about: "Every node sees a different majority: overlapping quorums are all that keeps it safe.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [during(1_600, 4_800, majoritiesRing), during(5_800, 9_000, majoritiesRing)],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("partition", 2)],
});
