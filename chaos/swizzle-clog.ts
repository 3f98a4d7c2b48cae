import {
  defineScenario,
  every,
  faultHit,
  mixedLoad,
  okDuring,
  seconds,
  swizzleClog,
} from "../src/chaos/dsl.ts";

/**
 * Nodes are clogged one by one, and let go in another order, again and again. Whatever a clogged link
 * kept arrives at once and late: appends of leaders that are deposed, votes of elections that are
 * over, acks of entries that another leader has replaced.
 */
export default defineScenario({
  name: "swizzle-clog",
  about:
    "Links clog one by one and let go in another order: all that they kept arrives late, from old terms.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [every({ everyMs: 2_600, fromMs: 1_600, toMs: 9_400 }, swizzleClog(0, 2_400))],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("clog", 6), okDuring("clog", 100)],
});
