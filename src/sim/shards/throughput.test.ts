import { expect, test } from "bun:test";
import type { CpuCosts } from "./cpu.ts";
import { shardThroughput } from "./throughput.ts";

/** A slow core, so that few operations keep it busy. Virtual ms. */
const COSTS: CpuCosts = {
  ...{ request: 0.1, entry: 0.03, message: 0.05, disk: 0.1, timer: 0.02, turn: 0.1 },
};
/** Long enough that the seed makes no difference: of 200 ms the ratio is 3.2 to 3.7. */
const RUN = { seed: 1, costs: COSTS, clients: 512, warmupMs: 300, measureMs: 1_000 };

// In virtual time: the same figures on every machine.
test("simulated throughput: one core serves what its costs allow, four leaders 3.5 times as much", () => {
  const one = shardThroughput({ ...RUN, groups: 1, nodes: null });
  expect(one.busiest).toBeGreaterThan(0.8);
  expect(one.putsPerSecond).toBeLessThan(1_000 / COSTS.request);
  const four = shardThroughput({ ...RUN, groups: 4, nodes: null });
  expect(four.putsPerSecond / one.putsPerSecond).toBeGreaterThan(3.5);
});

test("simulated throughput: groups that share their nodes share the cores", () => {
  const apart = shardThroughput({ ...RUN, groups: 4, nodes: null });
  const shared = shardThroughput({ ...RUN, groups: 4, nodes: 4 });
  expect(shared.putsPerSecond).toBeLessThan(apart.putsPerSecond);
});
