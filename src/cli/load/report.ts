import picocolors from "picocolors";
import type { Counts, LatencySummary, LoadResult } from "../../workload/spec.ts";
import type { LoadTick } from "../../workload/tick-merger.ts";
import { useColours } from "../colours.ts";

const LIVE_EVERY_TICKS = 5;

/** One line that is written over and over on a terminal; nothing elsewhere. */
export function liveLine(out: NodeJS.WriteStream): {
  onTick(tick: LoadTick): void;
  end(): void;
} {
  const paint = picocolors.createColors(useColours(out));
  let ticks = 0;
  let ms = 0;
  let sum = { ok: 0, fail: 0, info: 0 };
  const onTick = ({ counts, intervalMs, response }: LoadTick): void => {
    if (!out.isTTY) return;
    sum = { ok: sum.ok + counts.ok, fail: sum.fail + counts.fail, info: sum.info + counts.info };
    ms += intervalMs;
    if (++ticks % LIVE_EVERY_TICKS !== 0) return;
    const line = [
      `${rate((sum.ok * 1000) / ms)} ops/s`,
      `p50 ${micros(response.p50)}`,
      `p99 ${micros(response.p99)}`,
      ...(sum.fail > 0 ? [paint.yellow(`${sum.fail} failed`)] : []),
      ...(sum.info > 0 ? [paint.red(`${sum.info} unknown`)] : []),
    ];
    out.write(`\r\x1b[2K${line.join("  ")}`);
    sum = { ok: 0, fail: 0, info: 0 };
    ms = 0;
  };
  return { onTick, end: () => void (out.isTTY && out.write("\r\x1b[2K")) };
}

/** The result as text: a line a latency, then what a reader must know before using it. */
export function summaryText(result: LoadResult, openLoop: boolean, colour: boolean): string {
  const paint = picocolors.createColors(colour);
  const lines = [
    `${paint.bold(rate(result.throughput))} ops/s over ${(result.measuredMs / 1000).toFixed(1)} s   ${countsText(result.counts)}`,
    latencyLine("response", result.response),
  ];
  if (openLoop) {
    lines.push(latencyLine("service", result.service), latencyLine("lateness", result.lateness));
  }
  for (const [name, { counts, service }] of Object.entries(result.byOp)) {
    lines.push(`${latencyLine(name, service)}   ${countsText(counts)}`);
  }
  const many = (result.generators ?? 1) > 1 ? `, ${result.generators} processes` : "";
  lines.push(`generator  ${(result.cpu * 100).toFixed(0)} % of a core${many}`);
  if ((result.shed ?? 0) > 0)
    lines.push(
      paint.yellow(`${result.shed} of those that failed were never sent: most was refused`),
    );
  if (result.dropped > 0) lines.push(paint.yellow(`${result.dropped} starts dropped`));
  if ((result.unread ?? 0) > 0)
    lines.push(paint.red(`${result.unread} keys could not be read back`));
  if (result.void !== null) lines.push(paint.red(`void: ${result.void}`));
  return lines.join("\n");
}

function latencyLine(name: string, l: LatencySummary): string {
  if (l.count === 0) return `${name.padEnd(9)}  none`;
  return [
    name.padEnd(9),
    `p50 ${micros(l.p50).padStart(9)}`,
    `p90 ${micros(l.p90).padStart(9)}`,
    `p99 ${micros(l.p99).padStart(9)}`,
    `p99.9 ${micros(l.p999).padStart(9)}`,
    `max ${micros(l.max).padStart(9)}`,
  ].join("  ");
}

const countsText = ({ ok, fail, info }: Counts): string =>
  `${ok} ok, ${fail} failed, ${info} unknown`;

const rate = (perSecond: number): string => Math.round(perSecond).toLocaleString("en-US");

function micros(us: number): string {
  if (us >= 1_000_000) return `${(us / 1_000_000).toFixed(2)} s`;
  return us >= 1000 ? `${(us / 1000).toFixed(2)} ms` : `${us.toFixed(0)} µs`;
}
