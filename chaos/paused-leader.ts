import {
  defineScenario,
  during,
  every,
  faultHit,
  leader,
  leaderDeposed,
  mixedLoad,
  pause,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * A paused leader is not a crashed one: it wakes up still believing in its term, its queued reads
 * and its clients. Meanwhile another was elected and acknowledged puts; whatever the old one then
 * serves from its own state is stale. Few keys and many gets, so that such a read would show.
 */
export default defineScenario({
  name: "paused-leader",
  about: "A leader that slept through an election must not serve reads as if nothing had happened.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad({
    keys: 16,
    mix: { get: 0.6, put: 0.35, cas: 0.05, append: 0, delete: 0 },
  }),
  durationMs: seconds(10),
  faults: [every({ everyMs: 2_600, fromMs: 1_600, toMs: 9_400 }, during(0, 1_500, pause(leader)))],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("pause", 2), leaderDeposed(1)],
});
