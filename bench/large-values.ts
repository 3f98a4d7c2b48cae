import { defineLoadSuite, type LoadCase, PUT_LOAD } from "../src/bench/dsl.ts";

const KEYS = 200;

const largeCase = (name: string, valueBytes: number, clients: number, get: number): LoadCase => ({
  name: `${get === 1 ? "get" : "put"} ${name}`,
  cluster: { nodes: 3, storage: "disk" },
  load: {
    ...PUT_LOAD,
    // A connection each: values of others are long to wait behind.
    ...{ clients, connections: clients, keys: KEYS, valueBytes },
    mix: { ...PUT_LOAD.mix, get, put: 1 - get },
  },
  ...(get > 0 && { preloadKeys: KEYS }),
});

export default defineLoadSuite({
  name: "large-values",
  about: "Values of 64 KiB and 1 MiB on 3 nodes: what bandwidth, buffers and the disk allow.",
  cases: [0, 1].flatMap((get) => [
    largeCase("64 KiB, 16 clients", 64 << 10, 16, get),
    largeCase("1 MiB, 4 clients", 1 << 20, 4, get),
  ]),
  warmupMs: 2_000,
  measureMs: 5_000,
  runs: 1,
});
