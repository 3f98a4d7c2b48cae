import { join } from "node:path";
import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { checkHistory } from "../../src/check/check.ts";
import { encodeHistory } from "../../src/check/testing/encode.ts";
import { synthesize } from "../../src/check/testing/synthetic.ts";
import { readHistory } from "../../src/history/codec.ts";
import { median, percentile } from "../../src/lib/stats.ts";
import { ownCommand } from "../../src/runtime/self.ts";

const OPTIONS = { now: (): number => performance.now(), timeoutMs: 60_000, memoryBytes: 2 ** 30 };
const OPERATIONS = 1_000_000;
const OPERATIONS_QUICK = 20_000;
const GOAL_MS = 300;
const WARMUPS = 3;
const SAMPLES = 7;

/** From a file as our load generator writes it (versions and log indexes told) to the verdict. */
export async function fileFigures(context: FigureContext): Promise<readonly Figure[]> {
  const { quick, progress, dir, seed } = context;
  const operations = quick ? OPERATIONS_QUICK : OPERATIONS;
  const title = `from file to verdict, ${operations.toLocaleString("en-US")} operations`;
  progress(title);
  const path = join(dir, "history.bin");
  const history = synthesize({
    ...{ seed, operations, clients: 64, keys: 1000, gets: 0.5, versioned: 0.1, pending: 0.0001 },
    ...{ versions: true, indexes: true },
  });
  const bytes = encodeHistory(history);
  await Bun.write(path, bytes);
  const warm: number[] = [];
  const cold: number[] = [];
  for (let i = 0; i < (quick ? 1 : WARMUPS + SAMPLES); i++) {
    const tookMs = await toVerdict(path);
    if (quick || i >= WARMUPS) warm.push(tookMs);
    Bun.gc(true);
  }
  for (let i = 0; i < (quick ? 1 : SAMPLES); i++) cold.push(await ordealCheck(path));
  const mib = `${Math.round(bytes.length / 2 ** 20)} MiB, 1000 keys, 64 clients`;
  return [
    figure(title, median(warm), "ms", { goal: { atMost: GOAL_MS }, note: `${mib}, ${of(warm)}` }),
    figure(`${title}, as a command`, median(cold), "ms", {
      note: `\`ordeal check\`, start of the process included, ${of(cold)}`,
    }),
  ];
}

function of(samples: readonly number[]): string {
  const [low, high] = [0, 1].map((q) => Math.round(percentile(samples, q)));
  return `median of ${samples.length} from ${low} to ${high} ms`;
}

async function toVerdict(path: string): Promise<number> {
  const from = performance.now();
  const bytes = new Uint8Array(await Bun.file(path).arrayBuffer());
  const { kind } = checkHistory(readHistory(bytes, path), OPTIONS);
  if (kind !== "pass") throw new Error(`the verdict on ${path} is ${kind}`);
  return performance.now() - from;
}

async function ordealCheck(path: string): Promise<number> {
  const from = performance.now();
  const child = Bun.spawn(ownCommand("ordeal", ["check", path]), {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const code = await child.exited;
  if (code !== 0) throw new Error(`ordeal check ${path} ended with code ${code}`);
  return performance.now() - from;
}
