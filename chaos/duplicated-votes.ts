import {
  all,
  at,
  crash,
  defineScenario,
  duplicateMessages,
  during,
  every,
  faultHit,
  halves,
  heal,
  leader,
  leaderDeposed,
  mixedLoad,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Every vote and every request for one comes twice, in elections that a crash or a partition forces.
 * One voter must count once: a candidate with a minority behind it must not become leader by the
 * copies of its votes.
 */
export default defineScenario({
  name: "duplicated-votes",
  about: "Every vote comes twice: a voter counted twice would make a leader without a majority.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    every(
      { everyMs: 2_600, fromMs: 1_600, toMs: 9_400 },
      at(0, duplicateMessages(all, "voteResponse")),
      at(0, duplicateMessages(all, "voteRequest")),
      at(200, halves("minority")),
      at(1_600, heal),
    ),
    every({ everyMs: 2_600, fromMs: 1_600, toMs: 9_400 }, during(1_700, 2_500, crash(leader))),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("message", 4), leaderDeposed(2)],
});
