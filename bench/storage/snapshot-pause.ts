import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { percentileByTime } from "../../src/bench/measure.ts";
import { GROUP_1 } from "../../src/lib/ids.ts";
import { median } from "../../src/lib/stats.ts";
import { OrdealNode } from "../../src/runtime/ordeal-node.ts";
import { type FullNode, VALUE_BYTES } from "./full-node.ts";
import { ownCommand } from "../../src/runtime/self.ts";

const RATE = 5_000;
const ROUNDS = 7;
/** A loop that does nothing ticks at this pace: timers take no shorter one. */
const TICK_MS = 1;
/** So many puts are applied before the first round, and at least one between two. */
const PUTS_BEFORE = 5_000;
const PUTS_BEFORE_QUICK = 100;
const APPLIED_WITHIN_MS = 60_000;
const POLL_MS = 5;
const GOAL_MS = 10;

/** Between two ticks of this process's event loop, in milliseconds. */
type Gap = {
  readonly ms: number;
  /** What this thread worked of it; in the rest it waited, or the machine let others run. */
  readonly cpuMs: number;
};

/** A snapshot, and as much time after it without one. */
type Round = {
  readonly taking: readonly Gap[];
  readonly quiet: readonly Gap[];
  readonly tookMs: number;
};

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
  const rounds = await measureRounds(context, full, keys);
  const over = (of: (round: Round) => number): number => median(rounds.map(of));
  const p99Of = (gaps: readonly Gap[]): number =>
    percentileByTime(
      gaps.map((gap) => gap.ms),
      0.99,
    );
  const most = (gaps: readonly Gap[], of: "ms" | "cpuMs"): number =>
    gaps.reduce((max, gap) => Math.max(max, gap[of]), 0);
  const [p99, p99Quiet] = [over((r) => p99Of(r.taking)), over((r) => p99Of(r.quiet))];
  const added = over((r) => p99Of(r.taking) - p99Of(r.quiet));
  const worst = (of: "ms" | "cpuMs"): [number, string] => {
    const taking = Math.max(...rounds.map((r) => most(r.taking, of)));
    const quiet = Math.max(...rounds.map((r) => most(r.quiet, of)));
    return [taking, `${quiet.toFixed(1)} ms without; all ${rounds.length} rounds`];
  };
  const [max, maxNote] = worst("ms");
  const [maxCpu, maxCpuNote] = worst("cpuMs");
  const state = `${keys.toLocaleString("en-US")} keys of ${VALUE_BYTES} B, ${RATE} puts/s`;
  const goal = { atMost: GOAL_MS };
  return [
    figure("snapshot: event-loop lag added, p99", Math.max(0, added), "ms", {
      goal,
      note: `${p99.toFixed(1)} ms against ${p99Quiet.toFixed(1)} ms; ${state}`,
    }),
    figure("snapshot: longest turn of the loop, CPU time", maxCpu, "ms", {
      goal,
      note: maxCpuNote,
    }),
    figure("snapshot: longest turn of the loop, wall time", max, "ms", { note: maxNote }),
    figure(
      "snapshot: time until durable",
      over((r) => r.tookMs),
      "ms",
      { note: state },
    ),
  ];
}

async function measureRounds(
  { quick, seed, progress }: FigureContext,
  { config }: FullNode,
  keys: number,
): Promise<readonly Round[]> {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const onFatal = (error: unknown): never => {
    throw error;
  };
  const node = new OrdealNode({ config, id: 1, log, seed, onFatal });
  const load = startLoad(node.ports.clientPort, keys, seed);
  const clock = new LoopClock();
  const rounds: Round[] = [];
  try {
    await applied(node, quick ? PUTS_BEFORE_QUICK : PUTS_BEFORE);
    for (let round = 1; round <= (quick ? 1 : ROUNDS); round++) {
      progress(`snapshot, round ${round}`);
      await applied(node, 1);
      clock.take();
      const from = performance.now();
      await takeSnapshot(node);
      const tookMs = performance.now() - from;
      const taking = clock.take();
      await Bun.sleep(tookMs);
      rounds.push({ taking, quiet: clock.take(), tookMs });
    }
  } finally {
    clock.stop();
    load.kill("SIGKILL");
    await load.exited;
    await node.stop();
  }
  return rounds;
}

/** Resolves once the node has applied so many more entries: there is something new to keep. */
async function applied(node: OrdealNode, more: number): Promise<void> {
  const until = node.status().appliedIndex + more;
  const deadline = performance.now() + APPLIED_WITHIN_MS;
  while (node.status().appliedIndex < until) {
    if (performance.now() > deadline) throw new Error(`the node has not applied ${more} puts`);
    await Bun.sleep(POLL_MS);
  }
}

async function takeSnapshot(node: OrdealNode): Promise<void> {
  const { outcome, reason } = await new Promise<{ outcome: string; reason: string }>((done) =>
    node.admin.takeSnapshot(GROUP_1, done),
  );
  if (outcome !== "done" || !reason.startsWith("up to")) throw new Error(`no snapshot: ${reason}`);
}

/** Puts at a fixed rate from a process of its own: the node is asked for no more than before. */
function startLoad(clientPort: number, keys: number, seed: number): Bun.Subprocess {
  const flags = Object.entries({
    ...{ nodes: `127.0.0.1:${clientPort}`, rate: RATE, pacing: "event", clients: 64 },
    ...{ mix: "put=1", keys, "value-bytes": VALUE_BYTES, duration: "10m", seed },
  }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return Bun.spawn(ownCommand("ordeal", ["load", ...flags]), {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Ticks as fast as timers go, and notes how long after one another. */
class LoopClock {
  #gaps: Gap[] = [];
  #last = performance.now();
  #lastCpu = threadCpuMs();
  #timer: ReturnType<typeof setTimeout> = this.#arm();

  /** The gaps since the last call. */
  take(): readonly Gap[] {
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
      const cpu = threadCpuMs();
      this.#gaps.push({ ms: now - this.#last, cpuMs: cpu - this.#lastCpu });
      this.#last = now;
      this.#lastCpu = cpu;
      this.#timer = this.#arm();
    }, TICK_MS);
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
