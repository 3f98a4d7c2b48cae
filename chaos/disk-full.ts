import {
  defineScenario,
  diskFull,
  during,
  faultHit,
  leader,
  leaderDeposed,
  mixedLoad,
  okDuring,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * The leader's disk is full. It goes on in the segment it has, then needs a new one and ends: its
 * clients go to another leader. Once there is space again it comes back by a restart. Values are large
 * so that segments and snapshots come often.
 */
export default defineScenario({
  name: "disk-full",
  about:
    "The leader runs out of space and ends: others serve, and it comes back once there is space.",
  cluster: { nodes: 5, storage: "disk", snapshotEveryBytes: 1 << 20 },
  workload: mixedLoad({
    ...{ rate: 600, clients: 64, connections: 8, keys: 128, valueBytes: 8192 },
    mix: { get: 0.3, put: 0.6, cas: 0.1, append: 0, delete: 0 },
  }),
  durationMs: seconds(12),
  faults: [during(1_800, 5_000, diskFull(leader)), during(7_000, 10_000, diskFull(leader))],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("diskFull", 2), leaderDeposed(2), okDuring("diskFull", 100)],
});
