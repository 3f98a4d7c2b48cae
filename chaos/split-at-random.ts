import {
  defineScenario,
  during,
  every,
  faultHit,
  mixedLoad,
  okDuring,
  randomSplit,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * The cluster is split into two sides drawn anew each time, of any sizes: now a majority without the
 * leader, now a single node, now a leader with just enough. Unlike halves, no side is known to be the
 * minority, so leadership sometimes survives, and sometimes has to move.
 */
export default defineScenario({
  name: "split-at-random",
  about:
    "Two sides of any sizes, drawn anew each time: with a leader on either, or just enough on one.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [every({ everyMs: 1_300, fromMs: 1_600, toMs: 9_400 }, during(0, 1_000, randomSplit))],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("partition", 5), okDuring("partition", 100)],
});
