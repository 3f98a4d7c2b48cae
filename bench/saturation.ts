import { defineSweepSuite, PUT_LOAD, type SweepCase } from "../src/bench/dsl.ts";

const KEYS = 100_000;

const sweepCase = (name: string, get: number): SweepCase => ({
  name,
  cluster: { nodes: 3, storage: "disk" },
  load: {
    ...PUT_LOAD,
    // More clients than operations are ever in flight below saturation.
    ...{ clients: 1_024, connections: 16, keys: KEYS, arrivals: "poisson", timeoutMs: 2_000 },
    mix: { ...PUT_LOAD.mix, get, put: 1 - get },
  },
  ...(get > 0 && { preloadKeys: KEYS }),
  plan: { sloP99Ms: 10, fromRate: 4_000, toRate: 512_000, stepsMax: 12, precision: 1.15 },
});

export default defineSweepSuite({
  name: "saturation",
  about: "The highest rate of an open loop at which p99 stays within 10 ms, for puts and for gets.",
  cases: [sweepCase("put", 0), sweepCase("get by ReadIndex", 1)],
  warmupMs: 2_000,
  measureMs: 5_000,
});
