import { defineFigureSuite, type Figure, figure, type FigureContext } from "../src/bench/dsl.ts";
import { median, percentile } from "../src/lib/stats.ts";
import type { LoadResult } from "../src/workload/spec.ts";
import { runLoad, type Server, startServer } from "./generator/load.ts";

const ROUNDS = 5;
const RATE_GOAL = 300_000;
const OPEN_RATE = 50_000;
const LATENESS_GOAL_US = 1_000;
/** What a void run counts as, at least: how late those were that did start says little. */
const VOID_US = 10 * LATENESS_GOAL_US;
const IN_FLIGHT = ["--clients", "256", "--connections", "16", "--keys", "100000"];
// More clients than are ever needed at once, on few connections: each one that has something to say costs a turn.
const OPEN_CLIENTS = ["--clients", "64", "--connections", "4"];
const OPEN = ["--mix", "put=1", "--rate", String(OPEN_RATE), ...OPEN_CLIENTS];

/** Every load of a round, in turns, so that a slow minute of the machine falls on all of them. */
const LOADS = {
  puts: [...IN_FLIGHT, "--mix", "put=1"],
  gets: [...IN_FLIGHT, "--mix", "get=1"],
  twoPuts: [...IN_FLIGHT, "--mix", "put=1", "--generators", "2"],
  constant: [...OPEN, "--arrivals", "constant"],
  poisson: [...OPEN, "--arrivals", "poisson"],
} as const;
type LoadName = keyof typeof LOADS;
type Rounds = Readonly<Record<LoadName, readonly LoadResult[]>>;

/**
 * What a generator can do, against the least server that speaks the protocol: a closed loop is as fast
 * as the two together on the cores there are, an open loop must start its operations when they are due.
 */
export default defineFigureSuite({
  name: "generator",
  about:
    "One generator process against a trivial server: operations a second with 256 in flight, CPU time an operation, and how late an open loop of 50,000/s starts.",
  run: async (context) => figuresOf(await measure(context)),
});

async function measure({ quick, seed, progress }: FigureContext): Promise<Rounds> {
  const rounds = quick ? 1 : ROUNDS;
  const times = quick
    ? ["--duration", "1200ms", "--warmup", "200ms"]
    : ["--duration", "4s", "--warmup", "1s"];
  const results = { puts: [], gets: [], twoPuts: [], constant: [], poisson: [] } as Record<
    LoadName,
    LoadResult[]
  >;
  const server: Server = await startServer();
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const [name, flags] of Object.entries(LOADS)) {
        progress(`${name}, round ${round} of ${rounds}`);
        const all = [...flags, ...times, "--seed", String(seed + round), "--timeout", "30s"];
        results[name as LoadName].push(await runLoad(server, all));
      }
    }
  } finally {
    await server.stop();
  }
  return results;
}

function figuresOf({ puts, gets, twoPuts, constant, poisson }: Rounds): Figure[] {
  return [
    rateFigure("puts of 256 B, 256 in flight", puts),
    rateFigure("gets, 256 in flight", gets),
    cpuFigure("CPU time of the generator, a put", puts),
    cpuFigure("CPU time of the generator, a get", gets),
    twoAgainstOne(puts, twoPuts),
    latenessFigure("constant", constant),
    latenessFigure("Poisson", poisson),
  ];
}

function rateFigure(name: string, results: readonly LoadResult[]): Figure {
  const rates = results.map(({ throughput }) => throughput);
  const cpu = median(results.map((result) => result.cpu));
  const note = `${spread(rates, (rate) => rate.toFixed(0))}; generator at ${(cpu * 100).toFixed(0)} % of a core`;
  return figure(name, median(rates), "/s", { goal: { atLeast: RATE_GOAL }, note });
}

function cpuFigure(name: string, results: readonly LoadResult[]): Figure {
  const ns = results.map(({ cpu, throughput }) => (cpu * 1e9) / throughput);
  return figure(name, median(ns), "ns", { note: spread(ns, (one) => one.toFixed(0)) });
}

/** More than 1: one process was the bottleneck, and there were cores for a second. */
function twoAgainstOne(one: readonly LoadResult[], two: readonly LoadResult[]): Figure {
  const ratios = two.map(({ throughput }, round) => throughput / one[round]!.throughput);
  const note = spread(ratios, (ratio) => ratio.toFixed(2));
  return figure("two generator processes against one, puts", median(ratios), "ratio", { note });
}

function latenessFigure(arrivals: string, results: readonly LoadResult[]): Figure {
  const lateUs = results.map(({ lateness, void: why }) =>
    why === null ? lateness.p99 : Math.max(lateness.p99, VOID_US),
  );
  for (const { lateness, void: why } of results) {
    const isLate = lateness.p99 >= LATENESS_GOAL_US;
    if (isLate && why === null) throw new Error(`late by ${lateness.p99} µs, and not void`);
  }
  const voids = results.filter((result) => result.void !== null).length;
  const reached = median(results.map(({ throughput }) => throughput));
  const note = [
    spread(lateUs, (us) => us.toFixed(0)),
    `${reached.toFixed(0)}/s reached`,
    `${voids} of ${results.length} runs void`,
  ].join("; ");
  const name = `open loop of 50,000/s, ${arrivals} arrivals: lateness p99`;
  return figure(name, median(lateUs), "µs", { goal: { atMost: LATENESS_GOAL_US }, note });
}

const spread = (values: readonly number[], text: (value: number) => string): string =>
  `${text(percentile(values, 0))} to ${text(percentile(values, 1))} over ${values.length} runs`;
