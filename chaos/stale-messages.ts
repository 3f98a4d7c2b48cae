import {
  all,
  at,
  defineScenario,
  delayMessages,
  every,
  faultHit,
  heal,
  isolate,
  leader,
  leaderDeposed,
  mixedLoad,
  okDuring,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Acks of appends, votes and heartbeats come late, in particular those of older terms, and later ones
 * overtake them; meanwhile leaders fall. An ack or a vote of a term that is over must count for
 * nothing, however long ago it was true.
 */
export default defineScenario({
  name: "stale-messages",
  about:
    "Acks and votes of older terms arrive late, behind newer ones, while leaders fall: they must not count.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    every(
      { everyMs: 2_600, fromMs: 1_600, toMs: 9_400 },
      at(0, delayMessages(all, "appendResponse", 1_000, { term: "older" })),
      at(0, delayMessages(all, "appendEntries", 700, { term: "older" })),
      at(0, delayMessages(all, "appendResponse", 800, { first: 20 })),
      at(0, delayMessages(all, "voteResponse", 400, { first: 1 })),
      at(300, isolate(leader, "in")),
      at(2_300, heal),
    ),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("message", 8), leaderDeposed(2), okDuring("message", 100)],
});
