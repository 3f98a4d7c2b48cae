import { readFileSync } from "node:fs";
import { checkHistory, type CheckResult } from "../../src/check/check.ts";
import { synthesize } from "../../src/check/testing/synthetic.ts";
import type { Job, Outcome } from "./measure.ts";

// The process of one row of `ordeal bench run check`: its job is its argument, and it prints an Outcome.

const OPTIONS = {
  now: (): number => performance.now(),
  timeoutMs: 60_000,
  memoryBytes: 2 ** 31,
};
const BYTES_PER_MIB = 2 ** 20;

function run({ spec, warmups, samples }: Job): Outcome {
  const history = synthesize(spec);
  Bun.gc(true);
  const historyMiB = process.memoryUsage.rss() / BYTES_PER_MIB;
  const samplesMs: number[] = [];
  const cpuMs: number[] = [];
  let result: CheckResult | null = null;
  for (let i = 0; i < warmups + samples; i++) {
    const cpuBefore = process.cpuUsage();
    const from = performance.now();
    result = checkHistory(history, OPTIONS);
    const tookMs = performance.now() - from;
    const { user, system } = process.cpuUsage(cpuBefore);
    // One that found no verdict is not worth a repetition.
    const isLast = result.kind === "unknown";
    if (i >= warmups || isLast) {
      samplesMs.push(tookMs);
      cpuMs.push((user + system) / 1000);
    }
    if (isLast) break;
    Bun.gc(true); // What one check leaves behind is not the next one's cost.
  }
  return { ...told(result!), samplesMs, cpuMs, historyMiB, peakMiB: peakMiB() };
}

function told(result: CheckResult): Pick<Outcome, "verdict" | "detail" | "core"> {
  const { kind: verdict } = result;
  switch (result.kind) {
    case "pass": {
      const methods = Object.entries(result.settledBy).filter(([, keys]) => keys > 0);
      const detail = methods.map(([name, keys]) => (result.keys > 1 ? `${name} ${keys}` : name));
      return { verdict, detail: `by ${detail.join(", ")}`, core: 0 };
    }
    case "fail":
      return { verdict, detail: `by ${result.method}`, core: result.core.length };
    case "unknown":
      return { verdict, detail: result.detail, core: 0 };
  }
}

/**
 * The most memory that was resident at once. Linux says it of this program alone, whereas the
 * resource usage of a process counts the one that started it too.
 */
function peakMiB(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

process.stdout.write(JSON.stringify(run(JSON.parse(process.argv[2] ?? "") as Job)));
