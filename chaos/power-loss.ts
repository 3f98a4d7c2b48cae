import {
  all,
  at,
  defineScenario,
  faultHit,
  leaderDeposed,
  mixedLoad,
  powerLoss,
  randomly,
  restart,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * All nodes lose their power at once, with writes on their way to disk, and start again on what their disks
 * kept. No copy in memory is left anywhere: an acknowledged write that is not on a majority of disks
 * is gone. Of what was written and not synced each disk keeps nothing, the first part, any part, or
 * torn sectors.
 */
export default defineScenario({
  name: "power-loss",
  about:
    "All nodes lose their power at once: what was acknowledged must be on a majority of disks.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    randomly(
      { everyMs: 2_100, fromMs: 1_500, toMs: 9_900 },
      [at(0, powerLoss(all, "nothing")), at(200, restart(all))],
      [at(0, powerLoss(all, "prefix")), at(200, restart(all))],
      [at(0, powerLoss(all, "subset")), at(200, restart(all))],
      [at(0, powerLoss(all, "torn")), at(200, restart(all))],
    ),
  ],
  recoverWithinMs: seconds(5),
  // Well below a second on an idle machine; this is for one that is not.
  readyWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("powerLoss", 3), leaderDeposed(3)],
});
