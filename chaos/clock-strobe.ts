import {
  all,
  at,
  clockJump,
  clockRate,
  clockStrobe,
  crash,
  defineScenario,
  during,
  every,
  faultHit,
  followers,
  halves,
  heal,
  leader,
  leaderDeposed,
  minority,
  mixedLoad,
  okDuring,
  one,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Without leases nothing but progress rests on clocks. They go by jerks longer than an election timeout,
 * run three times as fast or at a third, and jump by many timeouts, while a leader crashes and another is
 * cut off: elections may take long, but no read may be stale and no write lost.
 */
export default defineScenario({
  name: "clock-strobe",
  about:
    "Clocks go by jerks, jump, run thrice as fast or at a third, while leaders crash and are cut off.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(13),
  faults: [
    during(2_000, 4_000, clockStrobe(all, 400)),
    during(2_500, 3_800, crash(leader)),
    during(4_500, 6_000, clockStrobe(leader, 1_000)),
    at(6_500, clockRate(followers, 3)),
    at(7_000, halves("minority")),
    at(8_000, heal),
    during(8_500, 10_000, clockRate(leader, 1 / 3)),
    every(
      { everyMs: 600, fromMs: 10_000, toMs: 12_400 },
      at(0, clockJump(one, 5_000)),
      at(200, clockJump(minority, 300)),
      at(400, clockJump(followers, 400)),
    ),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [
    faultHit("clockStrobe", 2),
    faultHit("clockJump", 8),
    okDuring("clockStrobe", 100),
    okDuring("clockRate", 100),
    leaderDeposed(2),
  ],
});
