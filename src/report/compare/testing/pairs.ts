import type { Check } from "../../schema.ts";
import type { Metric } from "../comparison.ts";
import { canaryMetric } from "../metrics.ts";
import type { PairedRun, RunPair } from "../runs.ts";

/** One gated latency, θ 10 %, and one canary: the smallest gate. */
export const P50: Metric = {
  name: "p50",
  unit: "µs",
  better: "lower",
  threshold: 0.1,
  floor: 0,
  gated: true,
};
export const THROUGHPUT: Metric = { ...P50, name: "throughput", unit: "/s", better: "higher" };
export const SPIN = canaryMetric("CPU spin", "µs");

export const runFixture = (run: Partial<PairedRun> = {}): PairedRun => ({
  metrics: { p50: 1000, throughput: 1000 },
  canaries: { "CPU spin": 100 },
  checks: [check("linearizable", "pass")],
  errors: 0,
  void: null,
  ...run,
});

export const check = (name: string, verdict: Check["verdict"], detail = ""): Check => ({
  ...{ name, verdict, detail },
  evidence: [],
});

/**
 * So many pairs whose head is slower by `worse` (ln) in latency, each a little different: by up to
 * `spread` either way, half of them above.
 */
export function pairsFixture(count: number, worse: number, spread = 0.02): RunPair[] {
  return Array.from({ length: count }, (_, i) => {
    const by = worse + (spread * ((i % 2 === 0 ? 1 : -1) * (count - i))) / count;
    const metrics = { p50: 1000 * Math.exp(by), throughput: 1000 * Math.exp(-by) };
    return { base: runFixture(), head: runFixture({ metrics }) };
  });
}

/** The same pairs with one run of the head, or of the base, changed. */
export const withRun = (
  pairs: readonly RunPair[],
  at: number,
  arm: "base" | "head",
  run: Partial<PairedRun>,
): RunPair[] =>
  pairs.map((pair, i) => (i === at ? { ...pair, [arm]: { ...pair[arm], ...run } } : pair));
