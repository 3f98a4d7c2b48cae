import {
  all,
  at,
  crash,
  defineScenario,
  faultHit,
  leader,
  leaderDeposed,
  mixedLoad,
  node,
  okDuring,
  restart,
  seconds,
  snapshotInstalled,
  wipe,
} from "../src/chaos/dsl.ts";

/**
 * A leader loses its disk, and later another node does. If it came back under its name, empty, it would
 * vote again in terms in which it had voted, and what it had acknowledged would be missing from
 * majorities: it stays away for ever, and an empty node under another id is made a member in its place.
 */
export default defineScenario({
  name: "wipe",
  about:
    "A leader's disk is lost, and later another's: empty nodes under other ids take their places.",
  cluster: { nodes: 5, storage: "disk", snapshotEveryBytes: 64 << 10 },
  workload: mixedLoad({ rate: 1_000, clients: 64, connections: 8 }),
  durationMs: seconds(12),
  faults: [
    at(2_500, crash(leader)),
    at(2_700, wipe(all)),
    at(4_500, restart(all)),
    at(8_000, crash(node(2))),
    at(8_000, crash(leader)),
    at(8_100, wipe(all)),
    at(9_500, restart(all)),
  ],
  recoverWithinMs: seconds(8),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("wipe", 2), snapshotInstalled(), leaderDeposed(2), okDuring("wipe", 100)],
});
