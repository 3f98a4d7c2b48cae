import {
  completed,
  defineScenario,
  faultHit,
  mixedLoad,
  rolling,
  seconds,
} from "../src/chaos/dsl.ts";

/** A node is started again at once; the rest of its turn is for catching up. */
const DOWN = 0.02;

/**
 * As `ordeal cluster restart --rolling` does it: every node is told to end (SIGTERM) and starts again, one
 * after the other. Whoever leads hands over first and answers what it
 * took, so that no client is refused for good, or left without knowing what became of its request.
 */
export default defineScenario({
  name: "rolling-upgrade",
  about:
    "Every node is stopped in order and started again, one after the other: no request may fail.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad({
    rate: 5_000,
    clients: 512,
    keys: 4_096,
    mix: { get: 0.5, put: 0.4, cas: 0, append: 0.1, delete: 0 },
    timeoutMs: 5_000,
  }),
  durationMs: seconds(10),
  faults: [rolling(1_600, 9_600, "stop", DOWN)],
  recoverWithinMs: seconds(5),
  slo: { failedAtMost: 0, p99Ms: 250 },
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("stop", 3), completed(10_000)],
});
