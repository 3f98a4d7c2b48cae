import {
  all,
  crash,
  defineScenario,
  during,
  halves,
  leader,
  leaderDeposed,
  loss,
  mixedLoad,
  okDuring,
  one,
  pause,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * The tour that `ordeal demo` takes: the leader dies and returns, a partition leaves the next one
 * in the minority, a tenth of all frames is lost, and a node stops and goes on. Each fault alone is
 * told apart in the report, with quiet stretches between. Ten operations under each are enough, since
 * the tour is taken on busy machines too.
 */
export default defineScenario({
  name: "demo",
  about: "A dead leader, a partition, lossy links and a paused node, one after the other.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(20),
  faults: [
    during(3_000, 5_500, crash(leader)),
    during(7_000, 10_000, halves("minority")),
    during(11_500, 14_500, loss(all, 0.1)),
    during(16_000, 18_500, pause(one)),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [
    leaderDeposed(2),
    okDuring("crash", 10),
    okDuring("partition", 10),
    okDuring("loss", 10),
    okDuring("pause", 10),
  ],
});
