import { defineFigureSuite, type Figure, figure, type FigureContext } from "../src/bench/dsl.ts";
import { median } from "../src/lib/stats.ts";
import { ratioWithInterval } from "../src/report/compare/ratio.ts";
import { type RespLoad, type RespResult, runRedisBenchmark } from "./resp/redis-benchmark.ts";
import { type Arm, startOurs, startRedis } from "./resp/systems.ts";

const PAIRS = 6;
const GOAL = 0.5;
const PROGRAMS = ["redis-server", "redis-benchmark"] as const;
const LOADS: readonly Omit<RespLoad, "requests">[] = [
  { test: "set", pipeline: 16 },
  { test: "get", pipeline: 16 },
  { test: "set", pipeline: 1 },
];
const REQUESTS = { 1: 20_000, 16: 200_000 } as const;

/**
 * The RESP port of three replicated nodes against one redis-server that syncs its file before it answers, both
 * loaded by redis-benchmark, in turns.
 */
export default defineFigureSuite({
  name: "resp",
  about:
    "redis-benchmark with 50 connections and 256 B against three nodes of ours, each write synced on two of them, and against one redis-server with appendfsync always: throughput and processor time of all nodes.",
  whyImpossible: () => {
    const missing = PROGRAMS.find((name) => Bun.which(name) === null);
    return missing === undefined ? null : `${missing} is not installed (apt-get install redis)`;
  },
  run: measure,
});

async function measure(context: FigureContext): Promise<Figure[]> {
  const ours = await startOurs(context);
  const redis = await startRedis(context).catch(async (error: unknown) => {
    await ours.stop();
    throw error;
  });
  try {
    const figures: Figure[] = [];
    for (const load of LOADS) figures.push(...(await compare(context, load, ours, redis)));
    return figures;
  } finally {
    await ours.stop();
    await redis.stop();
  }
}

async function compare(
  { quick, progress }: FigureContext,
  { test, pipeline }: Omit<RespLoad, "requests">,
  ours: Arm,
  redis: Arm,
): Promise<Figure[]> {
  const name = `${test.toUpperCase()}, -P ${pipeline}`;
  const requests = quick ? 2_000 : REQUESTS[pipeline as keyof typeof REQUESTS];
  const results: Record<"ours" | "redis", RespResult[]> = { ours: [], redis: [] };
  await runRedisBenchmark(ours, { test: "set", pipeline, requests });
  await runRedisBenchmark(redis, { test: "set", pipeline, requests });
  for (let pair = 1; pair <= (quick ? 1 : PAIRS); pair++) {
    progress(`${name}, pair ${pair}`);
    const order = pair % 2 === 1 ? (["ours", "redis"] as const) : (["redis", "ours"] as const);
    for (const arm of order) {
      const system = arm === "ours" ? ours : redis;
      results[arm].push(await runRedisBenchmark(system, { test, pipeline, requests }));
    }
  }
  return figuresOf(name, results.ours, results.redis, test === "set" && pipeline === 16);
}

function figuresOf(
  name: string,
  ours: readonly RespResult[],
  redis: readonly RespResult[],
  hasGoal: boolean,
): Figure[] {
  const rates = (runs: readonly RespResult[]): number[] => runs.map((run) => run.throughput);
  const cpu = (runs: readonly RespResult[]): number => median(runs.map((run) => run.cpuUs));
  const { ratio, low, high, confidence } = ratioWithInterval(rates(ours), rates(redis));
  const perSecond = (runs: readonly RespResult[]): string =>
    Math.round(median(rates(runs))).toLocaleString("en-US");
  const sure =
    low === null || high === null
      ? "one pair"
      : `${low.toFixed(2)} to ${high.toFixed(2)}, with ${Math.round(confidence * 100)} %`;
  return [
    figure(`${name}: throughput against redis-server`, ratio!, "ratio", {
      ...(hasGoal && { goal: { atLeast: GOAL } }),
      note: `${perSecond(ours)}/s against ${perSecond(redis)}/s; ${sure}`,
    }),
    figure(`${name}: processor time of all nodes an operation`, cpu(ours), "µs", {
      note: `redis-server: ${cpu(redis).toFixed(1)} µs`,
    }),
  ];
}
