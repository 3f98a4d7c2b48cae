import {
  all,
  defineScenario,
  during,
  faultHit,
  isolate,
  leader,
  loss,
  mixedLoad,
  okDuring,
  one,
  parametrised,
  pause,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * For long runs: `--duration 30m`. Faults that leave the processes alive, so that what they forget to
 * free adds up, and a log that is compacted every few seconds, so that nothing has to grow.
 */
export default parametrised(
  {
    growth: {
      about: "how much a node's memory may grow after the first 5 minutes, or the first third",
      ...{ min: 0.01, max: 10, default: 1 },
    },
    rate: { about: "operations a second", min: 1, max: 100_000, default: 1_000 },
  },
  (p) =>
    defineScenario({
      name: "soak",
      about: "Faults that kill no process, for a long time: memory must stay flat.",
      cluster: { nodes: 5, storage: "disk", snapshotEveryBytes: 1 << 20 },
      workload: mixedLoad({ rate: p.rate, keys: 256 }),
      durationMs: seconds(15),
      faults: [
        during(2_500, 4_500, loss(all, 0.05)),
        during(5_500, 7_000, isolate(leader)),
        during(8_500, 9_700, pause(one)),
        during(11_000, 13_000, isolate(one)),
      ],
      recoverWithinMs: seconds(5),
      expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
      slo: { memoryGrowthAtMost: p.growth },
      aim: [faultHit("isolate", 2), faultHit("pause"), okDuring("loss", 100)],
    }),
);
