import {
  at,
  clockJump,
  clockRate,
  crash,
  defineScenario,
  every,
  faultHit,
  followers,
  halves,
  heal,
  leader,
  leaderDeposed,
  mixedLoad,
  okDuring,
  readsByLease,
  restart,
  all,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Reads by lease need clocks that differ by less than 5 % over an election timeout (ADR 0008). Here they
 * differ by 4 %: the leader's is slow, so that its lease lasts too long, and those of its voters are fast,
 * so that they vote early. Cut off, it must have stopped answering before another leads. Its jumps may
 * be of any length, for they only end its lease; those of voters stay within the bound.
 */
export default defineScenario({
  name: "clock-skew",
  about:
    "Reads by lease, while the leader's clock is slow, its voters' are fast, and it is cut off or crashes.",
  cluster: { nodes: 5, storage: "disk", leaseReads: true },
  // Half of the clients stay with their node, leader or not: they are whom a stale leader would answer.
  workload: mixedLoad({
    homeShare: 0.5,
    mix: { get: 0.6, put: 0.3, cas: 0.1, append: 0, delete: 0 },
  }),
  durationMs: seconds(13),
  faults: [
    every(
      { everyMs: 2_500, fromMs: 2_000, toMs: 9_500 },
      at(0, clockRate(leader, 0.98)),
      at(0, clockRate(followers, 1.02)),
      at(100, clockJump(followers, 1)),
      at(300, halves("minority")),
      at(1_500, heal),
    ),
    at(9_600, clockJump(leader, 500)),
    at(10_000, clockRate(leader, 0.98)),
    at(10_100, clockRate(followers, 1.02)),
    at(10_400, crash(leader)),
    at(11_800, restart(all)),
    at(11_900, heal),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [
    faultHit("clockRate", 6),
    faultHit("clockJump", 3),
    okDuring("clockRate", 500),
    readsByLease(100),
    leaderDeposed(2),
  ],
});
