import {
  all,
  at,
  bitFlip,
  crash,
  defineScenario,
  faultHit,
  leaderDeposed,
  leader,
  mixedLoad,
  okDuring,
  one,
  refused,
  restart,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Bits of a node's log and snapshots change while it is down. It acknowledged what they held, so it
 * must not start on what is left and count as a member that has it all: it refuses, and an empty node
 * under a new id takes its place.
 */
export default defineScenario({
  name: "bit-flip",
  about:
    "A stopped node's data change: it refuses to start on them, and an empty node replaces it.",
  cluster: { nodes: 5, storage: "disk", snapshotEveryBytes: 1 << 20 },
  workload: mixedLoad({ valueBytes: 1024, keys: 256 }),
  durationMs: seconds(12),
  faults: [
    at(2_500, crash(one)),
    at(2_700, bitFlip(all, 200)),
    at(3_200, restart(all)),
    at(7_000, crash(leader)),
    at(7_200, bitFlip(all, 200)),
    at(7_700, restart(all)),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("bitFlip", 2), refused(1), okDuring("bitFlip", 50), leaderDeposed(1)],
});
