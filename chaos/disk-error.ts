import {
  defineScenario,
  diskError,
  during,
  faultHit,
  leader,
  leaderDeposed,
  mixedLoad,
  okDuring,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * The leader's disk fails a sync, and later a write, with EIO. After a failed fsync the kernel calls
 * pages clean that never reached the disk: a node that tried again would count lost writes as durable
 * ("fsyncgate"). It ends instead, another leads, and it comes back on what its disk really holds.
 */
export default defineScenario({
  name: "disk-error",
  about: "A sync or a write of the leader fails: it ends, another leads, and it comes back later.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    during(1_500, 3_500, diskError(leader, "sync")),
    during(5_500, 7_500, diskError(leader, "write")),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("diskError", 2), leaderDeposed(2), okDuring("diskError", 100)],
});
