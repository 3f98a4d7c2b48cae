import {
  completed,
  defineScenario,
  during,
  halves,
  leader,
  mixedLoad,
  pause,
  seconds,
} from "../../chaos/dsl.ts";

/**
 * What the planted stale read is shown with. A leader that is cut off with the minority, and then one that
 * is paused, go on serving gets from their own state while others acknowledge puts. Few keys and many gets, so
 * that clients see it; on most machines the lag of followers shows it before the first fault. Only what the
 * fault breaks is judged: whether writes are lost would be told from gets, which are stale here.
 */
export const plantedStaleRead = defineScenario({
  name: "planted-stale-read",
  about:
    "PLANTED FAULT: every node of this run is changed on purpose to answer gets from its own state, without ReadIndex. The violation that comes of it is real, and no fault of Ordeal's store.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad({
    keys: 16,
    mix: { get: 0.6, put: 0.35, cas: 0.05, append: 0, delete: 0 },
  }),
  durationMs: seconds(10),
  faults: [during(1_000, 4_500, halves("minority")), during(6_000, 8_500, pause(leader))],
  recoverWithinMs: seconds(10),
  expect: ["linearizable", "one-leader-per-term"],
  aim: [completed(100)],
});
