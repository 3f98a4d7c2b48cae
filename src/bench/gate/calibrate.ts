import { hodgesLehmann } from "../../lib/stats/signed-rank.ts";
import { percentile } from "../../lib/stats.ts";
import { Prng } from "../../lib/prng.ts";
import type { Metric } from "../../report/compare/comparison.ts";
import { change } from "../../report/compare/judge.ts";
import type { RunPair } from "../../report/compare/runs.ts";
import type { Thresholds } from "./metrics.ts";

const DRAWS = 1_000;
const QUANTILE = 0.9;

/**
 * By how much sessions of `sessionPairs` pairs find that the same code differs from itself: the 90th
 * percentile of |estimate|, as a share, of each gated metric. From one long A/A session: sessions are
 * drawn from its pairs, with replacement, and since neither arm is the better one each pair with
 * either sign.
 */
export function thresholdsOf(
  metrics: readonly Metric[],
  pairs: readonly RunPair[],
  sessionPairs: number,
  seed: number,
): Thresholds {
  const gated = metrics.filter((metric) => metric.gated);
  return Object.fromEntries(
    gated.map((metric) => {
      const changes = pairs.map(({ base, head }) =>
        change(metric, { base: base.metrics[metric.name]!, head: head.metrics[metric.name]! }),
      );
      const prng = new Prng(seed).fork(metric.name);
      const estimates = Array.from({ length: DRAWS }, () => {
        const drawn = Array.from(
          { length: sessionPairs },
          () => prng.pick(changes) * (prng.chance(0.5) ? 1 : -1),
        );
        return Math.abs(hodgesLehmann(drawn).estimate);
      });
      const worseBy = percentile(estimates, QUANTILE);
      const share = metric.better === "lower" ? Math.expm1(worseBy) : -Math.expm1(-worseBy);
      return [metric.name, share];
    }),
  );
}
