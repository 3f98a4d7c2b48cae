import {
  all,
  defineScenario,
  during,
  faultHit,
  leader,
  loss,
  mixedLoad,
  okDuring,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Frames vanish: a tenth on every link, then a quarter, then nearly half around the leader. A lost
 * append or ack must be noticed and sent again without a gap in the log; a lost heartbeat now and
 * then must not cost the leader its place; and a retried write must not be applied twice.
 */
export default defineScenario({
  name: "lossy-links",
  about: "Frames are lost on every link: repair and retries must leave no gap and no double write.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad({ mix: { get: 0.35, put: 0.25, cas: 0.15, append: 0.25, delete: 0 } }),
  durationMs: seconds(10),
  faults: [
    during(1_600, 4_600, loss(all, 0.1)),
    during(5_200, 7_200, loss(all, 0.25)),
    during(7_800, 9_200, loss(leader, 0.4)),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("loss", 3), okDuring("loss", 100)],
});
