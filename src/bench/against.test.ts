import { expect, test } from "bun:test";
import type { Cluster, Target } from "../target/target.ts";
import { loadFixture } from "../report/testing/fixtures.ts";
import type { LoadSpec } from "../workload/spec.ts";
import { againstOf, contestOf, firstArms, loadsOf, opponents, runContest } from "./against.ts";
import { defineLoadSuite, PUT_LOAD } from "./dsl.ts";

const ALL = {
  ...{ crash: true, pause: true, partition: true, delay: true, loss: true, connection: true },
  ...{ disk: true, clock: true, memory: true, membership: true, orders: true, recording: true },
  ...{ failover: true, "versioned-put": true, append: true, delete: true, scan: true },
} as unknown as Target["can"];

/** A system that only notes when it is started; `trace` gets `name` for each. */
function fake(name: string, trace: string[], differs: Partial<Target> = {}): Target {
  return {
    ...{ name, version: "1.2.3", can: ALL },
    terms: {
      client: `the client of ${name}`,
      durability: ({ nodes, storage }) => ({ survives: `${storage}, ${nodes}`, how: name }),
    },
    async start({ nodes, seed }) {
      trace.push(`${name} ${nodes} ${seed}`);
      const address = { target: "ordeal", nodes: [{ id: 1, host: name, port: 1 }] };
      return { address, status: async () => [], stop: async () => {} } as unknown as Cluster;
    },
    ...differs,
  };
}

const load = { ...PUT_LOAD, clients: 1, connections: 1 };
const cluster = { nodes: 3, storage: "disk" } as const;
const suite = defineLoadSuite({
  ...{ name: "some", about: "some", warmupMs: 1, measureMs: 1, runs: 1 },
  cases: [
    { name: "put", cluster, load },
    { name: "append", cluster, load: { ...load, mix: { ...load.mix, put: 0, append: 1 } } },
    { name: "memory", cluster: { ...cluster, storage: "memory" }, load },
  ],
});

/** Runs `pairs` pairs of a on b; the fake b is twice as slow. */
async function contest(a: Target, b: Target, pairs: number, seed = 1) {
  const arms = opponents(a, b);
  const { cases, skipped } = contestOf(arms, suite);
  const results = await runContest(
    arms,
    suite,
    { cases, skipped },
    {
      ...{ seed, pairs, workDir: "none", quick: false },
      runLoad: async ({ address, seed: own }: LoadSpec) => {
        const isSlow = address.nodes[0]!.host === b.name;
        return { ...loadFixture(1_000 * own, isSlow ? 2 : 1), throughput: isSlow ? 500 : 1_000 };
      },
      removeDir: async () => {},
      onCase: () => {},
    },
  );
  return {
    against: againstOf(arms, { cases, skipped }, results, pairs),
    loads: loadsOf(arms, results),
  };
}

test("against: runs of the two take turns, A B B A, and both of a pair have the same seed", async () => {
  expect(firstArms(4, 0)).toEqual([0, 1, 0, 1]);
  expect(firstArms(3, 1)).toEqual([1, 0, 1]);
  const beginnings = new Set<string>();
  for (let seed = 1; seed <= 8; seed++) {
    const trace: string[] = [];
    const can = { ...ALL, append: "it has none", memory: "it has none" };
    await contest(fake("a", trace), fake("b", trace, { can }), 3, seed);
    const [first, second] = [trace[0]![0]!, trace[1]![0]!];
    expect([first, second].sort()).toEqual(["a", "b"]);
    expect(trace.map((line) => line[0]).join("")).toBe(
      `${first}${second}${second}${first}${first}${second}`,
    );
    expect(trace.map((line) => Number(line.split(" ")[2]) - seed)).toEqual([1, 1, 2, 2, 3, 3]);
    beginnings.add(first);
  }
  expect(beginnings.size).toBe(2); // Which one begins is by the seed.
});

test("against: a ratio is the first arm over the second, for latencies too", async () => {
  const { against, loads } = await contest(fake("a", []), fake("b", []), 6);
  expect(against.arms).toEqual([
    { name: "a", version: "1.2.3", client: "the client of a" },
    { name: "b", version: "1.2.3", client: "the client of b" },
  ]);
  const { throughput, p50, p99 } = against.cases[0]!.ratio;
  expect(throughput).toMatchObject({ ratio: 2, low: 2, high: 2 });
  expect(throughput.confidence).toBeGreaterThanOrEqual(0.95);
  expect(throughput.pairs).toEqual([2, 2, 2, 2, 2, 2]);
  expect(p50.ratio).toBeCloseTo(0.5, 10);
  expect(p99.ratio).toBeCloseTo(0.5, 10);
  expect(against.cases[0]!.arms[1]).toMatchObject({ throughput: 500, nodes: 3, notOk: 6 * 790 });
  expect(loads.map(({ name }) => name).slice(0, 2)).toEqual(["put, a", "put, b"]);
});

test("against: of one pair the interval is unknown, and of runs that acknowledged nothing the ratio", async () => {
  const { against } = await contest(fake("a", []), fake("b", []), 1);
  expect(against.cases[0]!.ratio.p50).toMatchObject({ low: null, high: null, confidence: 0 });
  const arms = opponents(fake("a", []), fake("b", []));
  const { cases } = contestOf(arms, suite);
  const nothing = { ...loadFixture(10, 1), throughput: 0 };
  const results = [{ cases: cases[0]!, runs: [[nothing], [loadFixture(10, 1)]] as const }];
  const { ratio } = againstOf(arms, { cases, skipped: [] }, results, 1).cases[0]!;
  expect(ratio.throughput).toEqual({
    ratio: null,
    low: null,
    high: null,
    confidence: 0,
    pairs: [],
  });
  expect(ratio.p50.ratio).toBe(1);
});

test("against: what one of them cannot do is left out with the reason; each has its own nodes", async () => {
  const trace: string[] = [];
  const can = { ...ALL, append: "its API has none" };
  const { against } = await contest(
    fake("a", trace, { nodesMax: 1 }),
    fake("b", trace, { can }),
    1,
  );
  expect(against.skipped).toEqual(['append: b cannot do "append": its API has none']);
  expect(against.cases.map(({ name }) => name)).toEqual(["put", "memory"]);
  expect(
    against.cases[0]!.arms.map(({ nodes, durability }) => [nodes, durability.survives]),
  ).toEqual([
    [1, "disk, 1"],
    [3, "disk, 3"],
  ]);
});

test("against: one system twice is told apart; one that names no terms is refused", () => {
  const twice = opponents(fake("a", []), fake("a", []));
  expect(twice.map(({ label }) => label)).toEqual(["a A", "a B"]);
  const { terms: _terms, ...silent } = fake("b", []);
  expect(() => opponents(fake("a", []), silent)).toThrow("how durable");
});
