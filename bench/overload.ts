import { defineFigureSuite, type Figure, type FigureContext, figure } from "../src/bench/dsl.ts";
import { median } from "../src/lib/stats.ts";
import { ADMISSION_LIMITS } from "../src/replica/admission.ts";
import type { Cluster } from "../src/target/target.ts";
import { type Bottleneck, BOTTLENECKS, PUTS } from "./overload/bottlenecks.ts";
import { runStep, type Step, type Stepped } from "./overload/step.ts";

const STATUS_WITHIN_MS = 5_000;
const FACTORS = [1, 2, 3];
/** More than are ever under way, as far as possible: who waits for a free client is not offered. */
const OPEN_CLIENTS = 65_536;
const FULL = { warmupMs: 1_500, measureMs: 5_000 } as const;
const QUICK = { warmupMs: 300, measureMs: 1_000 } as const;
const GOODPUT_SHARE = 0.9;
/** What is served varies, and the rate is that of the last windows. On top comes what a put takes without a queue. */
const ACCEPTED_P99_MS = 2 * ADMISSION_LIMITS.queueMs + 200;
/** Of the RSS of the largest node, against that under 1×: queues and buffers are bounded, garbage comes and goes. */
const RSS_GROWTH = 2;

/** What becomes of a cluster that is asked for more than it can do. */
export default defineFigureSuite({
  name: "overload",
  about:
    "An open loop of once, twice and three times what a cluster can do: puts to 3 nodes on disk with 50 Mbit/s between them, and scans of 3 nodes in memory whose leader has an eighth of a processor. What is served, what is refused, how long the served ones take, and what memory that needs.",
  run: async (context) => {
    const figures: Figure[] = [];
    for (const bottleneck of BOTTLENECKS) {
      const { name, unavailable } = bottleneck;
      if (unavailable === null) figures.push(...(await overload(bottleneck, context)));
      else context.progress(`${name} left out: ${unavailable}`);
    }
    return figures;
  },
});

type Row = Stepped & {
  readonly factor: number;
  readonly rate: number;
  /** Null, or why the figures must not be used. */
  readonly void: string | null;
};

async function overload(
  bottleneck: Bottleneck,
  { dir, seed, quick, progress }: FigureContext,
): Promise<readonly Figure[]> {
  const { name, work, closedClients, generatorOn } = bottleneck;
  const { cluster, stop } = await bottleneck.start(`${dir}/${name}`, seed);
  try {
    const { warmupMs, measureMs } = quick ? QUICK : FULL;
    const fixed = { cluster, seed, work, processor: generatorOn } as const;
    const closed: Step = { ...fixed, clients: closedClients, rate: null, warmupMs, measureMs };
    progress(`${name}: saturation, closed loop`);
    // Every key is there, and the code is warm: else it would look faster, or slower, than it is.
    await runStep({ ...closed, work: { ...work, mix: PUTS }, measureMs: warmupMs });
    await runStep({ ...closed, measureMs: warmupMs });
    const saturated = await runStep(closed);
    const leader = await leaderOf(cluster);
    const rows: Row[] = [];
    for (const factor of FACTORS) {
      progress(`${name}: ${factor}×`);
      const rate = Math.round(factor * saturated.goodput);
      const stepped = await runStep({ ...closed, clients: OPEN_CLIENTS, rate });
      const isSame = (await leaderOf(cluster)) === leader;
      const why = isSame ? stepped.result.void : "another node leads now";
      rows.push({ factor, rate, ...stepped, void: why });
      await Bun.sleep(quick ? 100 : 1_000);
    }
    const most = Math.max(saturated.goodput, ...rows.map(({ goodput }) => goodput));
    return [
      figure(`${name}: saturation`, saturated.goodput, "/s", {
        note: withVoid(saturated.result.void, `closed loop, ${closedClients} clients`),
      }),
      ...rows.flatMap((row) => figuresOf(name, row, most, rows[0]!)),
    ];
  } finally {
    await stop();
  }
}

/** Its id; undefined: there is none now. */
const leaderOf = async (cluster: Cluster): Promise<number | undefined> =>
  (await cluster.status(STATUS_WITHIN_MS)).find(({ role }) => role === "leader")?.id;

function figuresOf(name: string, row: Row, most: number, first: Row): readonly Figure[] {
  const { factor, rate, result, goodput, refused, shed, before, during, after } = row;
  const { counts, response, lateness, dropped } = result;
  const at = `${name}, ${factor}×`;
  const text = (rss: readonly number[]): string => rss.map((mib) => mib.toFixed(0)).join(", ");
  const goal = <T>(of: T): T | null => (row.void === null ? of : null);
  return [
    figure(`${at}: goodput`, goodput, "/s", {
      note: withVoid(row.void, `of ${rate}/s offered, late by ${ms(lateness.p99)} ms at p99`),
    }),
    figure(`${at}: goodput of the most`, goodput / most, "ratio", {
      // At 1× no more than that was offered.
      goal: factor === 1 ? null : goal({ atLeast: GOODPUT_SHARE }),
    }),
    figure(`${at}: refused by nodes`, refused, "/s", {
      note: `and ${shed.toFixed(0)}/s by the client itself; ${counts.info} unknown, ${dropped} never begun`,
    }),
    figure(`${at}: p99 of the accepted`, response.p99 / 1000, "ms", {
      goal: goal({ atMost: ACCEPTED_P99_MS }),
      note: `p50 ${ms(response.p50)} ms, from when they were due`,
    }),
    figure(`${at}: RSS of the largest node`, median(during), "MiB", {
      goal: { atMost: RSS_GROWTH * median(first.during) },
      note: `median; at most ${Math.max(...during).toFixed(0)}; nodes: ${text(before)} before, ${text(after)} after`,
    }),
  ];
}

const ms = (us: number): string => (us / 1000).toFixed(1);

const withVoid = (why: string | null, note: string): string =>
  why === null ? note : `VOID: ${why}; ${note}`;
