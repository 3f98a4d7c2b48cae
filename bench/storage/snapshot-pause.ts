import { join } from "node:path";
import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { percentileByTime } from "../../src/bench/measure.ts";
import { OrdealNode } from "../../src/runtime/ordeal-node.ts";
import { type FullNode, VALUE_BYTES } from "./full-node.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const RATE = 5_000;
const ROUNDS = 5;
/** A loop that does nothing ticks at this pace: timers take no shorter one. */
const TICK_MS = 1;
const BEFORE_MS = 1_500;
const GOAL_MS = 10;

/** Gaps between the ticks of this process's event loop, in milliseconds. */
type Gaps = { readonly quiet: readonly number[]; readonly taking: readonly number[] };

/**
 * What a snapshot costs the event loop of a node that goes on serving puts: the gaps between its
 * ticks with and without one under way, in turns, on a node within this process. Gaps count by time:
 * what a request waits that comes at any moment.
 */
export async function pauseFigures(
  context: FigureContext,
  full: FullNode,
  keys: number,
): Promise<readonly Figure[]> {
  const { gaps, snapshotMs } = await measureGaps(context, full, keys);
  const [without, during] = [gaps.quiet, gaps.taking].map((list) => ({
    p50: percentileByTime(list, 0.5),
    p99: percentileByTime(list, 0.99),
    max: Math.max(...list),
  })) as [LagSummary, LagSummary];
  const state = `${keys.toLocaleString("en-US")} keys of ${VALUE_BYTES} B, ${RATE} puts/s`;
  const pair = (of: keyof LagSummary): string =>
    `${during[of].toFixed(1)} ms against ${without[of].toFixed(1)} ms without`;
  const added = Math.max(0, during.p99 - without.p99);
  return [
    figure("snapshot: event-loop lag added, p99", added, "ms", {
      goal: { atMost: GOAL_MS },
      note: `${pair("p99")}; ${state}`,
    }),
    figure("snapshot: event-loop lag, p99", during.p99, "ms", { note: pair("p99") }),
    figure("snapshot: event-loop lag, max", during.max, "ms", { note: pair("max") }),
    figure("snapshot: time until durable", snapshotMs, "ms", { note: state }),
  ];
}

type LagSummary = { readonly p50: number; readonly p99: number; readonly max: number };

async function measureGaps(
  { quick, seed, progress }: FigureContext,
  { config }: FullNode,
  keys: number,
): Promise<{ readonly gaps: Gaps; readonly snapshotMs: number }> {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const onFatal = (error: unknown): never => {
    throw error;
  };
  const node = new OrdealNode({ config, id: 1, log, seed, onFatal });
  const load = startLoad(node.ports.clientPort, keys, seed);
  const clock = new LoopClock();
  const gaps = { quiet: [] as number[], taking: [] as number[] };
  const tookMs: number[] = [];
  try {
    await Bun.sleep(BEFORE_MS);
    for (let round = 1; round <= (quick ? 1 : ROUNDS); round++) {
      progress(`snapshot, round ${round}`);
      clock.take();
      const from = performance.now();
      await takeSnapshot(node);
      tookMs.push(performance.now() - from);
      gaps.taking.push(...clock.take());
      await Bun.sleep(tookMs.at(-1)!);
      gaps.quiet.push(...clock.take());
    }
  } finally {
    clock.stop();
    load.kill("SIGKILL");
    await load.exited;
    await node.stop();
  }
  const snapshotMs = tookMs.sort((a, b) => a - b)[tookMs.length >> 1]!;
  return { gaps, snapshotMs };
}

async function takeSnapshot(node: OrdealNode): Promise<void> {
  const { outcome, reason } = await new Promise<{ outcome: string; reason: string }>((done) =>
    node.takeSnapshot(done),
  );
  if (outcome !== "done" || !reason.startsWith("up to")) throw new Error(`no snapshot: ${reason}`);
}

/** Puts at a fixed rate from a process of its own: the node is asked for no more than before. */
function startLoad(clientPort: number, keys: number, seed: number): Bun.Subprocess {
  const flags = Object.entries({
    ...{ nodes: `127.0.0.1:${clientPort}`, rate: RATE, pacing: "event", clients: 64 },
    ...{ mix: "put=1", keys, "value-bytes": VALUE_BYTES, duration: "10m", seed },
  }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return Bun.spawn([process.execPath, MAIN, "load", ...flags], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Ticks as fast as timers go, and notes how long after one another. */
class LoopClock {
  #gaps: number[] = [];
  #last = performance.now();
  #timer: ReturnType<typeof setTimeout> = this.#arm();

  /** The gaps since the last call. */
  take(): readonly number[] {
    const gaps = this.#gaps;
    this.#gaps = [];
    return gaps;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      const now = performance.now();
      this.#gaps.push(now - this.#last);
      this.#last = now;
      this.#timer = this.#arm();
    }, TICK_MS);
  }
}
