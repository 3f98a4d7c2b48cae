import {
  crash,
  defineScenario,
  during,
  every,
  faultHit,
  leader,
  leaderDeposed,
  mixedLoad,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Every two seconds whoever leads is killed, and comes back a second later with what its disk
 * holds. An entry that was acknowledged before it was on a majority of disks would be lost here; a
 * vote that was cast before it was on disk could be cast again, for two leaders in one term.
 */
export default defineScenario({
  name: "leader-churn",
  about:
    "The leader is killed again and again: acknowledged writes must survive on a majority of disks.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [every({ everyMs: 2_000, fromMs: 1_600, toMs: 9_600 }, during(0, 1_000, crash(leader)))],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("crash", 2), leaderDeposed(2)],
});
