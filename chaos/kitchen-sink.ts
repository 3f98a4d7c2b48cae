import {
  all,
  at,
  bridge,
  crash,
  defineScenario,
  delay,
  duplicate,
  during,
  every,
  faultHit,
  halves,
  heal,
  isolate,
  leader,
  leaderDeposed,
  loss,
  majoritiesRing,
  minority,
  mixedLoad,
  okDuring,
  one,
  pause,
  randomly,
  reorder,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Everything at once. Links lose, reorder and duplicate frames all the time, and are cut in a way
 * drawn by the seed; meanwhile nodes crash or pause. Most bugs of consensus code need two or three
 * faults that meet (a crash while a partition heals, a pause across an election), which scenarios of
 * one fault never bring about.
 */
export default defineScenario({
  name: "kitchen-sink",
  about: "Crashes, pauses, partitions and bad links together: bugs that need two faults to meet.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad({ mix: { get: 0.4, put: 0.35, cas: 0.1, append: 0.1, delete: 0.05 } }),
  durationMs: seconds(10),
  faults: [
    every(
      { everyMs: 2_600, fromMs: 1_600, toMs: 9_400 },
      at(0, loss(all, 0.05)),
      at(0, reorder(all, 0.1, 20)),
      at(0, duplicate(all, 0.1)),
      at(2_400, heal),
    ),
    randomly(
      { everyMs: 2_600, fromMs: 1_600, toMs: 9_400 },
      [at(500, halves("minority"))],
      [at(500, halves("any"))],
      [at(500, bridge)],
      [at(500, majoritiesRing)],
      [at(500, isolate(leader, "in"))],
      [at(500, isolate(one))],
      [at(500, delay(all, 10, 20))],
    ),
    during(1_800, 2_800, crash(leader)),
    randomly(
      { everyMs: 2_600, fromMs: 4_200, toMs: 9_400 },
      [during(0, 1_200, crash(leader))],
      [during(0, 1_200, crash(minority))],
      [during(0, 1_200, pause(leader))],
      [during(0, 1_200, pause(minority))],
    ),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("loss", 2), okDuring("loss", 100), faultHit("crash", 1), leaderDeposed(1)],
});
