import {
  at,
  defineScenario,
  faultHit,
  heal,
  leader,
  longTail,
  mixedLoad,
  okDuring,
  one,
  seconds,
  slowLinks,
} from "../src/chaos/dsl.ts";

/**
 * One node is far away behind a narrow link, then the leader's frames are sometimes late for long. A
 * quorum is near all the time: the slow one must not slow the others down, must be brought up to date
 * within what its link carries, and must not be elected over and over because it hears late.
 */
export default defineScenario({
  name: "slow-link",
  about:
    "One node behind a slow and narrow link, then a leader whose frames are at times very late.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    ...slowLinks(1_600, one, { delayMs: 40, bytesPerSecond: 128 << 10 }),
    at(5_000, heal),
    at(5_600, longTail(leader, 0.02, 200)),
    at(9_000, heal),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("bandwidth"), okDuring("bandwidth", 300), okDuring("delay", 300)],
});
