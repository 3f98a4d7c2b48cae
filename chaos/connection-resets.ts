import {
  all,
  at,
  defineScenario,
  faultHit,
  leader,
  mixedLoad,
  one,
  randomly,
  reset,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Connections end with a reset in the middle of whatever they carry: of one node, of the leader, of
 * all at once. What was on its way is lost, and a part of a frame with it; the rest must be sent
 * again, once, and in its place.
 */
export default defineScenario({
  name: "connection-resets",
  about:
    "Connections are reset in the middle of frames: what was on its way must be sent again, and only once.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    randomly(
      { everyMs: 300, fromMs: 1_600, toMs: 8_800 },
      [at(0, reset(one))],
      [at(0, reset(leader))],
      [at(0, reset(all)), at(20, reset(all)), at(40, reset(all))],
    ),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("reset", 10)],
});
