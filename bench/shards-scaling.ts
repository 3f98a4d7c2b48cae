import { defineFigureSuite, figure } from "../src/bench/dsl.ts";
import type { CpuCosts } from "../src/sim/shards/cpu.ts";
import { shardThroughput, type ThroughputRun } from "../src/sim/shards/throughput.ts";

/** Of issue 9: four groups over four leaders against one. */
const GOAL_RATIO = 3.5;
const MICROSECONDS = 1e-3;

/**
 * What a core is taken to spend. The order of what profiles of real nodes show (docs/bench.md, "Speed"), not a
 * measurement: what the ratios depend on is how much a follower costs against a leader, which is what varies below.
 */
const COSTS: CpuCosts = {
  request: 5 * MICROSECONDS,
  entry: 1.5 * MICROSECONDS,
  message: 5 * MICROSECONDS,
  disk: 10 * MICROSECONDS,
  timer: 2 * MICROSECONDS,
  turn: 20 * MICROSECONDS,
};
/** As if followers did all that a leader does. */
const COSTLY_FOLLOWERS: CpuCosts = { ...COSTS, entry: COSTS.request };
/** Each group of four leads on one of four nodes, and follows on two others. */
const SHARED_NODES = 4;

/**
 * How the throughput of puts grows with the number of groups when every node has a core of its own: a
 * simulation in virtual time, not a measurement. On two shared cores real clusters cannot show it.
 *
 * The model: each node's inputs wait for its one core and are then done in one turn, which takes the sum of
 * their costs; the cores are all that is scarce (links of 0.1 to 0.2 ms and disks of 0.1 to 1.1 ms carry any number of
 * bytes). Nodes, routers, log and network are the code of real ones. A closed loop of clients keeps all cores of leaders busy.
 */
export default defineFigureSuite({
  name: "shards-scaling",
  about:
    "Puts a second of 1 and 4 groups by simulation with one core a node, leaders on nodes of their own; and on four nodes that share them.",
  run: async ({ seed }) => {
    const base = { seed, costs: COSTS, clients: 4_096, warmupMs: 80, measureMs: 160 };
    const measured = (run: Partial<ThroughputRun> & Pick<ThroughputRun, "groups" | "nodes">) =>
      shardThroughput({ ...base, ...run });
    const one = measured({ groups: 1, nodes: null });
    const two = measured({ groups: 2, nodes: null });
    const four = measured({ groups: 4, nodes: null });
    const shared = measured({ groups: 4, nodes: SHARED_NODES });
    const costly = measured({ groups: 4, nodes: SHARED_NODES, costs: COSTLY_FOLLOWERS });
    const busy = (share: number): string =>
      `simulated; the busiest core is at work for ${Math.round(share * 100)} % of the time`;
    const over = (puts: number): number => puts / one.putsPerSecond;
    return [
      figure("1 group on 3 nodes", one.putsPerSecond, "/s", { note: busy(one.busiest) }),
      figure("2 groups on 6 nodes", two.putsPerSecond, "/s", { note: busy(two.busiest) }),
      figure("4 groups on 12 nodes", four.putsPerSecond, "/s", { note: busy(four.busiest) }),
      figure("4 groups over 4 leaders against 1", over(four.putsPerSecond), "ratio", {
        goal: { atLeast: GOAL_RATIO },
        note: "each group on nodes of its own",
      }),
      figure("4 groups on the same 4 nodes against 1 on 3", over(shared.putsPerSecond), "ratio", {
        note: "each node leads one and follows two: that is what their cores spend the rest on",
      }),
      figure("the same, following as dear as leading", over(costly.putsPerSecond), "ratio", {
        note: "the least that sharing nodes can bring in this model",
      }),
    ];
  },
});
