import {
  at,
  defineScenario,
  during,
  faultHit,
  halves,
  heal,
  loss,
  all,
  mixedLoad,
  okDuring,
  seconds,
  voters,
} from "../src/chaos/dsl.ts";

/**
 * From three voters to five and to a wholly different three, while the voters are cut apart and
 * frames are lost. With one step instead of two (no joint phase) old and new majorities could
 * decide by themselves; with a change begun before the leader's own term has committed, too.
 */
export default defineScenario({
  name: "membership",
  about:
    "Three nodes become five and then three others, under partitions: at no time may two majorities decide.",
  cluster: { nodes: 3, spares: 5, storage: "disk", snapshotEveryBytes: 512 << 10 },
  workload: mixedLoad({ rate: 800, clients: 64, connections: 8 }),
  durationMs: seconds(12),
  faults: [
    at(2_000, voters(1, 2, 3, 4, 5)),
    during(2_400, 4_000, halves("minority")),
    at(5_000, loss(all, 0.05)),
    at(5_200, voters(6, 7, 8)),
    at(7_000, heal),
    during(8_200, 9_800, halves("minority")),
    at(10_400, voters(6, 7, 1)),
  ],
  recoverWithinMs: seconds(8),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("membership", 3), faultHit("partition", 2), okDuring("membership", 50)],
});
