import {
  at,
  defineScenario,
  diskStall,
  faultHit,
  leader,
  leaderDeposed,
  mixedLoad,
  okDuring,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * The leader's disk answers nothing for three seconds. Its followers can commit without it, so it
 * might lead on for ever with a log of its own that is never durable; it has to step down (or, when
 * it was waiting for a sync on the spot, is replaced like one that is paused).
 */
export default defineScenario({
  name: "disk-stall",
  about: "The leader's disk answers nothing for seconds: another has to lead, and nothing is lost.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [at(1_500, diskStall(leader, 3_000)), at(6_000, diskStall(leader, 3_000))],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("diskStall", 2), leaderDeposed(), okDuring("diskStall", 100)],
});
