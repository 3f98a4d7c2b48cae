import {
  all,
  crash,
  defineScenario,
  during,
  every,
  faultHit,
  mixedLoad,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Every process is killed at the same moment, and started again a second later: nobody is left who
 * remembers, so what was acknowledged must be on the disks. A single server without replicas is
 * asked no less.
 */
export default defineScenario({
  name: "crash-all",
  about:
    "Every process is killed at once, again and again: acknowledged writes must be on the disks.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [every({ everyMs: 2_800, fromMs: 1_600, toMs: 10_000 }, during(0, 1_000, crash(all)))],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("crash", 3)],
});
