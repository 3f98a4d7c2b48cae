import {
  defineScenario,
  during,
  faultHit,
  halfOpen,
  leader,
  leaderDeposed,
  mixedLoad,
  okDuring,
  one,
  randomly,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * The connections of a node go silent and stay open, as when a firewall forgets them: writes to them
 * succeed and arrive nowhere. A leader that hears nobody must step down though no connection has
 * failed, and must not serve reads until then but by those who still confirm it.
 */
export default defineScenario({
  name: "half-open",
  about:
    "Connections that stay open and carry nothing: a leader must notice by silence, not by an error.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    during(1_600, 3_800, halfOpen(leader)),
    randomly(
      { everyMs: 2_600, fromMs: 4_200, toMs: 9_400 },
      [during(0, 1_800, halfOpen(leader))],
      [during(0, 1_800, halfOpen(one))],
    ),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("halfOpen", 2), leaderDeposed(1), okDuring("halfOpen", 100)],
});
