import {
  defineScenario,
  during,
  halves,
  leaderDeposed,
  mixedLoad,
  okDuring,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * The cluster is cut in two, first with the leader on the small side. The majority must elect and
 * go on; the old leader must neither acknowledge a write nor serve a read, and on healing its
 * uncommitted tail must give way. Then the cut leaves the leader on the large side, and nobody
 * there should notice: a minority that campaigns in vain must not depose it when it returns (PreVote).
 */
export default defineScenario({
  name: "majority-minority",
  about:
    "A partition with the leader in the minority, then in the majority: only a majority may serve.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    during(1_600, 4_000, halves("minority")),
    during(5_000, 6_600, halves("majority")),
    during(7_400, 9_400, halves("minority")),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [leaderDeposed(1), okDuring("partition", 100)],
});
