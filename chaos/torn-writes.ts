import {
  at,
  defineScenario,
  faultHit,
  leader,
  leaderDeposed,
  minority,
  mixedLoad,
  okDuring,
  one,
  powerLoss,
  randomly,
  restart,
  seconds,
  all,
  tornTail,
} from "../src/chaos/dsl.ts";

/**
 * Nodes lose their power in the middle of a write: of the last record some sectors are on disk and
 * some are not. Recovery must cut that record, which was never durable, and nothing before it; what
 * the node had acknowledged is needed for the majority.
 */
export default defineScenario({
  name: "torn-writes",
  about: "Nodes lose power in the middle of a write: a torn record is cut, and nothing before it.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad({ valueBytes: 1024 }),
  durationMs: seconds(10),
  faults: [
    randomly(
      { everyMs: 1_600, fromMs: 1_500, toMs: 9_600 },
      [at(0, powerLoss(leader, "torn")), at(500, restart(all))],
      [at(0, powerLoss(minority, "torn")), at(500, restart(all))],
      [at(0, powerLoss(one, "torn")), at(500, restart(all))],
    ),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("powerLoss", 3), tornTail(1), okDuring("powerLoss", 100), leaderDeposed(1)],
});
