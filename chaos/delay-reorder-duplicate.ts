import {
  all,
  at,
  defineScenario,
  delay,
  duplicate,
  heal,
  mixedLoad,
  okDuring,
  reorder,
  seconds,
  slowedTo,
} from "../src/chaos/dsl.ts";

/**
 * Frames come late, out of order and twice, ever more of it until all is healed at once. An old
 * append that overtakes or repeats must not cut a newer log; an old ack must not count for entries
 * it never saw; a read must not be confirmed by an answer to an earlier question.
 */
export default defineScenario({
  name: "delay-reorder-duplicate",
  about: "Frames come late, out of order and twice: old messages must not undo newer state.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    at(1_600, delay(all, 10, 10)),
    at(3_400, reorder(all, 0.2, 30)),
    at(5_200, duplicate(all, 0.2)),
    at(8_800, heal),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [slowedTo("delay", 10), okDuring("reorder", 100), okDuring("duplicate", 100)],
});
