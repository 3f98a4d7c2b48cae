import {
  all,
  at,
  crash,
  defineScenario,
  faultHit,
  followers,
  loss,
  mixedLoad,
  node,
  okDuring,
  one,
  restart,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * A node is down while the others write far more than the log keeps, and comes back over links that
 * lose every twentieth frame: it has to be sent the state. What a session did before the snapshot
 * must not happen again after it, and a crash in the middle must leave one state or the other.
 */
export default defineScenario({
  name: "snapshot-install",
  about:
    "A node that missed more than the log keeps is sent the state, over lossy links and crashes.",
  cluster: { nodes: 5, storage: "disk", snapshotEveryBytes: 1 << 20 },
  workload: mixedLoad({ rate: 600, clients: 64, connections: 8, keys: 256, valueBytes: 4096 }),
  durationMs: seconds(12),
  faults: [
    at(2_000, crash(one)),
    at(4_500, loss(all, 0.05)),
    at(5_000, restart(all)),
    at(6_500, crash(followers)),
    at(6_900, restart(all)),
    at(8_000, crash(node(2))),
    at(10_000, restart(all)),
  ],
  recoverWithinMs: seconds(8),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("crash", 2), okDuring("crash", 100)],
});
