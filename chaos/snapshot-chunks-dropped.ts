import {
  all,
  at,
  crash,
  defineScenario,
  dropMessages,
  duplicateMessages,
  faultHit,
  heal,
  mixedLoad,
  okDuring,
  one,
  restart,
  seconds,
  snapshotInstalled,
} from "../src/chaos/dsl.ts";

/**
 * A node is down until the log it lacks is gone, and the first chunks of the state that it is sent then
 * are lost, and the first answers to them. The leader must send them again and neither give up nor
 * begin anew for ever; what is put together must be the state, whole.
 */
export default defineScenario({
  name: "snapshot-chunks-dropped",
  about:
    "The first chunks of a snapshot, and the first answers to them, are lost: it must arrive whole all the same.",
  cluster: { nodes: 5, storage: "disk", snapshotEveryBytes: 1 << 20 },
  workload: mixedLoad({ rate: 600, clients: 64, connections: 8, keys: 256, valueBytes: 4096 }),
  durationMs: seconds(12),
  faults: [
    at(1_800, crash(one)),
    at(4_600, dropMessages(all, "installSnapshot", { first: 3 })),
    at(4_600, dropMessages(all, "snapshotResponse", { first: 2 })),
    at(5_000, restart(all)),
    at(7_000, crash(one)),
    at(9_800, duplicateMessages(all, "installSnapshot")),
    at(10_000, restart(all)),
    at(11_600, heal),
  ],
  recoverWithinMs: seconds(8),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("crash", 2), faultHit("message", 3), snapshotInstalled(1), okDuring("crash", 100)],
});
