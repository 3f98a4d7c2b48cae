import { defineFigureSuite, type Figure, figure, type FigureContext } from "../src/bench/dsl.ts";
import { median } from "../src/lib/stats.ts";
import { ratioWithInterval } from "../src/report/compare/ratio.ts";
import type { LoadResult } from "../src/workload/spec.ts";
import { CHECK_PERF, checkPerf, hasCheckPerf, withEtcd } from "./etcd-client/etcd.ts";
import { runLoadAt } from "./generator/load.ts";

const PAIRS = 6;
/** etcd's own tool takes a minute a run. */
const TOOL_PAIRS = 2;
const LOADS = [
  { name: "put, 64 clients", flags: ["--clients", "64", "--mix", "put=1"] },
  { name: "put, 256 clients", flags: ["--clients", "256", "--mix", "put=1"] },
  { name: "get, 256 clients", flags: ["--clients", "256", "--mix", "get=1"] },
] as const;
const CPU_SHARE_GOAL = 0.5;
const RATIO_GOAL = 1.1;

/**
 * Whether etcd, as `--target etcd` and `--against etcd` drive it, is held back by our client: how much
 * of a core the client needs, whether etcd gets faster when two processes share the load, and whether
 * its own load tool in Go makes it any faster.
 */
export default defineFigureSuite({
  name: "etcd-client",
  about:
    "Three nodes of etcd with their files in memory, so that they are as fast as they get: CPU time of our client, the same load from two processes against one, and etcd's own tool against ours.",
  whyImpossible: () => (Bun.which("etcd") === null ? "etcd is not installed" : null),
  run: (context) => withEtcd(context, (nodes) => measure(context, nodes)),
});

async function measure(context: FigureContext, nodes: string): Promise<Figure[]> {
  const { quick, progress } = context;
  const times = quick
    ? ["--duration", "800ms", "--warmup", "200ms"]
    : ["--duration", "5s", "--warmup", "1s"];
  const figures: Figure[] = [];
  for (const { name, flags } of LOADS) {
    const load = (generators: number, seed: number): Promise<LoadResult> =>
      runLoadAt(nodes, [
        ...["--target", "etcd", "--keys", "10000", "--timeout", "30s", ...flags, ...times],
        ...["--generators", String(generators), "--seed", String(seed)],
      ]);
    const one: LoadResult[] = [];
    const two: LoadResult[] = [];
    await inTurns(quick ? 1 : PAIRS, async (isFirst, pair) => {
      progress(`${name}, ${isFirst ? "one generator" : "two"}, pair ${pair}`);
      (isFirst ? one : two).push(await load(isFirst ? 1 : 2, context.seed + pair));
    });
    figures.push(...figuresOf(name, one, two));
  }
  if (!quick) figures.push(...(await againstTool(context, nodes)));
  return figures;
}

function figuresOf(name: string, one: readonly LoadResult[], two: readonly LoadResult[]): Figure[] {
  const rate = median(one.map(rateOf));
  const cpu = median(one.map((run) => run.cpu));
  const perOp = median(one.map(cpuUsOf));
  const goal = { atMost: CPU_SHARE_GOAL };
  return [
    figure(`${name}: share of a core that the client needs`, cpu, "ratio", { goal }),
    figure(`${name}: CPU time of the client an operation`, perOp, "µs", {
      note: `at ${Math.round(rate).toLocaleString("en-US")}/s, median of ${one.length}`,
    }),
    ratioFigure(
      `${name}: throughput from two processes against one`,
      two.map(rateOf),
      one.map(rateOf),
    ),
  ];
}

/** With those whose answers came after the end: a run too short for its machine has only such. */
const rateOf = ({ counts, measuredMs }: LoadResult): number => (counts.ok * 1000) / measuredMs;
const cpuUsOf = (run: LoadResult): number => (run.cpu * 1e6) / rateOf(run);

/** How much faster etcd is with `other` than with what we measure it with; 1: no difference. */
function ratioFigure(name: string, other: readonly number[], ours: readonly number[]): Figure {
  const { ratio, low, high, confidence, pairs } = ratioWithInterval(other, ours);
  const sure = `${low?.toFixed(2)} to ${high?.toFixed(2)}, with ${Math.round(confidence * 100)} %`;
  const single = low === null || high === null;
  return figure(name, ratio!, "ratio", {
    goal: { atMost: RATIO_GOAL },
    note: single ? "one pair: interval unknown" : `${sure}; ${pairs.length} pairs in turns`,
  });
}

/** `etcdctl check perf`, which limits itself to 15,000 puts a second, against the same load of ours. */
async function againstTool({ progress, seed }: FigureContext, nodes: string): Promise<Figure[]> {
  if (!hasCheckPerf()) {
    progress("etcdctl is not installed (apt-get install etcd-client): left out");
    return [];
  }
  const tool: { readonly throughput: number; readonly cpuUs: number }[] = [];
  const ours: LoadResult[] = [];
  const { clients, rate, keyBytes, valueBytes, seconds } = CHECK_PERF;
  const same = [
    ...["--target", "etcd", "--mix", "put=1", "--clients", `${clients}`, "--timeout", "30s"],
    ...["--rate", `${rate}`, "--pacing", "event", "--value-bytes", `${keyBytes + valueBytes}`],
    ...["--keys", "100000", "--duration", `${seconds}s`, "--warmup", "1s"],
  ];
  await inTurns(TOOL_PAIRS, async (isFirst, pair) => {
    progress(`${isFirst ? "etcdctl check perf" : "the same load of ours"}, pair ${pair}`);
    const measured = isFirst ? await checkPerf(nodes) : null;
    if (measured !== null) tool.push(measured);
    if (!isFirst) ours.push(await runLoadAt(nodes, [...same, "--seed", `${seed + pair}`]));
  });
  if (tool.length < TOOL_PAIRS) {
    progress("etcdctl check perf gave up, the machine being too busy: left out");
    return [];
  }
  const cpuUs = median(tool.map((run) => run.cpuUs));
  const cpu = median(ours.map(cpuUsOf));
  return [
    ratioFigure(
      "puts of etcdctl check perf (Go) against ours",
      tool.map(({ throughput }) => throughput),
      ours.map(rateOf),
    ),
    figure("CPU time of etcdctl a put", cpuUs, "µs", { note: `ours: ${cpu.toFixed(1)} µs` }),
  ];
}

/** Two arms in the order A B B A …, as often each. */
async function inTurns(
  pairs: number,
  run: (isFirst: boolean, pair: number) => Promise<void>,
): Promise<void> {
  for (let pair = 1; pair <= pairs; pair++) {
    const isFirst = pair % 2 === 1;
    await run(isFirst, pair);
    await run(!isFirst, pair);
  }
}
