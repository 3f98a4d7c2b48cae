import { readFileSync } from "node:fs";
import {
  defineFigureSuite,
  type Figure,
  type FigureContext,
  figure,
  PUT_LOAD,
} from "../src/bench/dsl.ts";
import { median } from "../src/lib/stats.ts";
import { ADMISSION_LIMITS } from "../src/replica/admission.ts";
import { localTarget } from "../src/target/local.ts";
import type { Cluster } from "../src/target/target.ts";
import type { LoadEvent, LoadResult, LoadSpec } from "../src/workload/spec.ts";
import { startLoad } from "./footprint/load.ts";

const NODES = 3;
const FACTORS = [1, 2, 3];
/**
 * Between any two nodes, each way: 50 Mbit/s. That, and not the processors of this machine, which the nodes share
 * with the generator, is what the cluster can do: so three times as much can be offered honestly.
 */
const LINK_BYTES_PER_SECOND = 6_250_000;
const VALUE_BYTES = 8 << 10;
const KEYS = 1_000;
/** Of the closed loop that finds the saturation rate. */
const CLOSED_CLIENTS = 256;
/** More than are ever under way: who waits for a free client is not offered. */
const OPEN_CLIENTS = 16_384;
const CONNECTIONS = 16;
const TIMEOUT_MS = 5_000;
const FULL = { warmupMs: 2_000, measureMs: 8_000 } as const;
const QUICK = { warmupMs: 300, measureMs: 1_000 } as const;
const GOODPUT_SHARE = 0.9;
/** What is served varies, and the rate is that of the last windows. On top comes what a put takes without a queue. */
const ACCEPTED_P99_MS = 2 * ADMISSION_LIMITS.queueMs + 200;
/** Of the RSS of the largest node, against that under 1×: queues and buffers are bounded, garbage comes and goes. */
const RSS_GROWTH = 2;
const RSS_EVERY_MS = 250;

/** What becomes of a cluster that is asked for more than it can do. */
export default defineFigureSuite({
  name: "overload",
  about:
    "Puts of 8 KiB to 3 nodes on disk, with 50 Mbit/s between them, in an open loop at once, twice and three times what they can do: what is served, what is refused, how long the served ones take, and what memory that needs.",
  run: async (context) => {
    const { dir, seed, quick, progress } = context;
    const cluster = await localTarget.start({
      ...{ nodes: NODES, storage: "disk", dir: `${dir}/cluster`, faultyLinks: true, seed },
    });
    try {
      await cluster.fault({
        ...{ kind: "bandwidth", nodes: { kind: "all" } },
        bytesPerSecond: LINK_BYTES_PER_SECOND,
      });
      progress("saturation, closed loop");
      const saturated = await load(cluster, context, { clients: CLOSED_CLIENTS, rate: null });
      const saturation = saturated.goodput;
      const figures: Figure[] = [
        figure("saturation: puts", saturation, "/s", {
          note: withVoid(saturated.result, `closed loop, ${CLOSED_CLIENTS} clients`),
        }),
      ];
      const rows: Row[] = [];
      for (const factor of FACTORS) {
        progress(`${factor}×`);
        const rate = Math.round(factor * saturation);
        const pids = (await cluster.status(TIMEOUT_MS)).map(({ pid }) => pid);
        const before = rssMiB(pids);
        const during: number[] = [];
        const timer = setInterval(() => during.push(Math.max(...rssMiB(pids))), RSS_EVERY_MS);
        const shape = { clients: OPEN_CLIENTS, rate };
        const loaded = await load(cluster, context, shape).finally(() => clearInterval(timer));
        rows.push({ factor, rate, ...loaded, before, during, after: rssMiB(pids) });
        await Bun.sleep(quick ? 100 : 1_000);
      }
      const most = Math.max(saturation, ...rows.map(({ goodput }) => goodput));
      return [...figures, ...rows.flatMap((row) => figuresOf(row, most, rows[0]!))];
    } finally {
      await cluster.stop();
    }
  },
});

type Tick = LoadEvent & { readonly kind: "tick" };

type Row = {
  readonly factor: number;
  readonly rate: number;
  readonly result: LoadResult;
  readonly goodput: number;
  /** RSS of each node, MiB. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** RSS of the largest, from time to time. */
  readonly during: readonly number[];
};

function figuresOf(row: Row, most: number, first: Row): readonly Figure[] {
  const { factor, rate, result, goodput, before, during, after } = row;
  const { counts, response, lateness, dropped } = result;
  const asked = counts.ok + counts.fail + counts.info + dropped;
  const isJudged = result.void === null;
  const at = `${factor}×`;
  const text = (rss: readonly number[]): string => rss.map((mib) => mib.toFixed(0)).join(", ");
  const goal = <T>(of: T): T | null => (isJudged ? of : null);
  return [
    figure(`${at}: goodput`, goodput, "/s", {
      note: withVoid(result, `of ${rate}/s offered, late by ${ms(lateness.p99)} ms at p99`),
    }),
    figure(`${at}: goodput of the most`, goodput / most, "ratio", {
      // At 1× no more than that was offered.
      goal: factor === 1 ? null : goal({ atLeast: GOODPUT_SHARE }),
    }),
    figure(`${at}: refused or dropped`, (counts.fail + dropped) / asked, "ratio", {
      note: `${counts.info} unknown, ${dropped} never begun`,
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

const withVoid = ({ void: why }: LoadResult, note: string): string =>
  why === null ? note : `VOID: ${why}; ${note}`;

async function load(
  cluster: Cluster,
  { seed, quick }: FigureContext,
  shape: Pick<LoadSpec, "clients" | "rate">,
): Promise<{ readonly result: LoadResult; readonly goodput: number }> {
  const { warmupMs, measureMs } = quick ? QUICK : FULL;
  const ticks: Tick[] = [];
  const spec: LoadSpec = {
    ...{ ...PUT_LOAD, ...shape, address: cluster.address, seed, history: null },
    ...{ arrivals: "poisson", pacing: "event", connections: CONNECTIONS, keys: KEYS },
    ...{ valueBytes: VALUE_BYTES, timeoutMs: TIMEOUT_MS },
    ...{ warmupMs, durationMs: warmupMs + measureMs },
  };
  const generator = startLoad(spec, (tick) => ticks.push(tick));
  try {
    const result = await generator.done;
    return { result, goodput: goodputOf(ticks, warmupMs, warmupMs + measureMs) };
  } finally {
    await generator.kill();
  }
}

/**
 * Operations that ended well in a second of [fromMs, toMs). Not the throughput of the result: that leaves out what began before
 * `fromMs`, half a second of work when there is a queue.
 */
function goodputOf(ticks: readonly Tick[], fromMs: number, toMs: number): number {
  let [at, ok, ms] = [0, 0, 0];
  for (const { intervalMs, counts } of ticks) {
    at += intervalMs;
    if (at - intervalMs < fromMs || at > toMs) continue;
    ok += counts.ok;
    ms += intervalMs;
  }
  return (ok * 1000) / ms;
}

const rssMiB = (pids: readonly number[]): readonly number[] =>
  pids.map((pid) => {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kib) / 1024;
  });
