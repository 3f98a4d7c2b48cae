import { median } from "../../lib/stats.ts";
import type { Metric } from "../../report/compare/comparison.ts";
import { change } from "../../report/compare/judge.ts";
import type { RunPair } from "../../report/compare/runs.ts";
import { changeText } from "../../report/compare/words.ts";
import { plural, spanText } from "./plan.ts";
import type { GateProgress } from "./session.ts";

/** `pair 4 of 12 (first look), about 3 min left · so far mixed, 8 clients: p50 +3.1 %`. */
export function progressText(progress: GateProgress, msPerPair: number | null): string {
  const { step, pairs } = progress;
  const total = pairs.length + step.pairs;
  const left = msPerPair === null ? "" : `, about ${spanText(msPerPair * step.pairs)} left`;
  const known = worstSoFar(step.metrics, pairs);
  const soFar = known === null ? "" : ` · so far ${known}`;
  return `pair ${pairs.length + 1} of ${total} (${step.why})${left}${soFar}`;
}

/** The gated metric that got worst, by the median of its pairs; a hint, and no verdict. */
function worstSoFar(metrics: readonly Metric[], pairs: readonly RunPair[]): string | null {
  if (pairs.length === 0) return null;
  const changes = metrics
    .filter(({ gated }) => gated)
    .map((metric) => ({
      metric,
      estimate: median(
        pairs.map(({ base, head }) =>
          change(metric, { base: base.metrics[metric.name]!, head: head.metrics[metric.name]! }),
        ),
      ),
    }))
    .sort((a, b) => b.estimate - a.estimate);
  const [worst] = changes;
  if (worst === undefined) return null;
  return `${worst.metric.name} ${changeText(worst.estimate, worst.metric)} at worst, ${plural(pairs.length, "pair")}`;
}
