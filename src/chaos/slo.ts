import { type History, OUTCOME_INFO } from "../history/op.ts";
import type { Problem } from "../lib/user-error.ts";
import { durationMs, rate } from "../report/format.ts";
import type { Check, FaultBand, Probes } from "../report/schema.ts";
import type { LoadResult } from "../workload/spec.ts";
import { growthOf, growthText, type MemorySample } from "./memory.ts";

/** What a scenario promises of service while it is broken; `recoverWithinMs` stands beside it. */
export type Slo = {
  /** Of the operations that began while any fault was in force, 99 of 100 were answered within this. */
  readonly p99DuringFaultMs?: number;
  /** No longer time without any acknowledged operation. */
  readonly unavailableAtMostMs?: number;
  /** 99 of 100 operations of the whole run, faults included, from their intended start. */
  readonly p99Ms?: number;
  /** Acknowledged operations a second over the whole run, faults included. */
  readonly throughputAtLeast?: number;
  /** Operations of the whole run, faults included, that were refused for good or had no answer. */
  readonly failedAtMost?: number;
  /** 0.1: no node's memory ends 10 % above what it was after the first 5 minutes, or first third. */
  readonly memoryGrowthAtMost?: number;
};

export function sloProblems(slo: Slo): Problem[] {
  return Object.entries(slo).flatMap(([name, value]) =>
    value > 0 || (name === "failedAtMost" && value === 0)
      ? []
      : [{ where: `slo.${name}`, what: `is ${value}`, fix: "use more than 0" }],
  );
}

export type Measured = {
  readonly history: History;
  readonly bands: readonly FaultBand[];
  readonly probes: Probes;
  readonly load: LoadResult;
  readonly memory: readonly MemorySample[];
};

/** A check for each promise. */
export function sloChecks(slo: Slo, measured: Measured): Check[] {
  const checks: Check[] = [];
  const { probes, load } = measured;
  if (slo.p99DuringFaultMs !== undefined) {
    checks.push(duringFaults(slo.p99DuringFaultMs, measured));
  }
  if (slo.unavailableAtMostMs !== undefined) {
    const ms = Math.max(0, ...probes.unavailable.map(({ fromUs, toUs }) => (toUs - fromUs) / 1000));
    const limit = durationMs(slo.unavailableAtMostMs);
    const detail = `${durationMs(ms)} at the longest without an acknowledged operation, the limit is ${limit}`;
    checks.push(check("unavailable", ms <= slo.unavailableAtMostMs, detail));
  }
  if (slo.p99Ms !== undefined) {
    const ms = load.response.p99 / 1000;
    const detail = `p99 ${durationMs(ms)} over the whole run, the limit is ${durationMs(slo.p99Ms)}`;
    checks.push(check("p99", ms <= slo.p99Ms, detail));
  }
  if (slo.throughputAtLeast !== undefined) {
    const detail = `${rate(load.throughput)} acknowledged over the whole run, at least ${rate(slo.throughputAtLeast)} are asked for`;
    checks.push(check("throughput", load.throughput >= slo.throughputAtLeast, detail));
  }
  if (slo.failedAtMost !== undefined) {
    const { ok, fail, info } = load.counts;
    const failed = fail + info;
    const detail = `${failed} of ${ok + failed} operations failed (${fail} refused, ${info} without an answer), at most ${slo.failedAtMost} may`;
    checks.push(check("failed-requests", failed <= slo.failedAtMost, detail));
  }
  if (slo.memoryGrowthAtMost !== undefined) {
    checks.push(memoryFlat(slo.memoryGrowthAtMost, measured.memory));
  }
  return checks;
}

/** An operation without an answer was slower than any limit. */
function duringFaults(limitMs: number, { history, bands }: Measured): Check {
  const name = "p99-during-fault";
  const tookUs: number[] = [];
  for (let i = 0; i < history.count; i++) {
    const callUs = history.callUs[i]!;
    if (!bands.some(({ fromUs, toUs }) => fromUs <= callUs && callUs < toUs)) continue;
    const isOpen = history.outcome[i] === OUTCOME_INFO;
    tookUs.push(isOpen ? Number.POSITIVE_INFINITY : history.returnUs[i]! - callUs);
  }
  if (tookUs.length === 0) return check(name, false, "no operation began during a fault");
  tookUs.sort((a, b) => a - b);
  const p99Ms = tookUs[Math.ceil(tookUs.length * 0.99) - 1]! / 1000;
  const text = Number.isFinite(p99Ms) ? durationMs(p99Ms) : "no answer";
  const detail = `p99 ${text} of what began during faults, the limit is ${durationMs(limitMs)}`;
  return check(name, p99Ms <= limitMs, detail);
}

function memoryFlat(atMost: number, samples: readonly MemorySample[]): Check {
  const nodes = growthOf(samples);
  const worst = nodes.toSorted((a, b) => b.to / b.from - a.to / a.from)[0];
  const limit = `at most +${(atMost * 100).toFixed(0)} % is allowed`;
  if (worst === undefined) return check("memory-flat", false, "no node told its memory");
  const detail = `${nodes.map(growthText).join(", ")}; ${limit}`;
  return check("memory-flat", worst.to <= worst.from * (1 + atMost), detail);
}

const check = (name: string, isKept: boolean, detail: string): Check => ({
  ...{ name, verdict: isKept ? "pass" : "fail", detail, evidence: [] },
});
