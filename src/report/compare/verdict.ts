import { plural } from "../format.ts";
import type { Check } from "../schema.ts";
import type { Comparison, ComparisonVerdict, MetricComparison, Session } from "./comparison.ts";
import { changeText, detectableText } from "./words.ts";

/** Everything that decides the verdict of a comparison. */
export type Findings = {
  readonly checks: readonly Check[];
  /** Fields that differ and must not. */
  readonly differences: readonly string[];
  /** Null, or why the figures must not be used. */
  readonly void: string | null;
  readonly sessions: readonly Session[];
  /** The final word on each. */
  readonly metrics: readonly MetricComparison[];
};

/** The verdict and why, in a sentence: correctness, then what makes figures worthless, then the figures. */
export function verdictOf(found: Findings): Pick<Comparison, "verdict" | "summary"> {
  const verdict = rank(found);
  return { verdict, summary: summaryOf(verdict, found) };
}

function rank({ checks, differences, void: why, sessions, metrics }: Findings): ComparisonVerdict {
  const has = (verdict: MetricComparison["verdict"]): boolean =>
    metrics.some((metric) => metric.verdict === verdict);
  if (checks.some(({ verdict }) => verdict === "fail")) return "violated";
  if (differences.length > 0) return "incomparable";
  if (why !== null) return "void";
  if (checks.some(({ verdict }) => verdict === "unknown")) return "unproven";
  if (sessions.some(({ canaries }) => canaries.length > 0)) return "unproven";
  if (has("regressed")) return "regressed";
  if (has("inconclusive")) return "inconclusive";
  if (has("improved")) return "improved";
  // Nothing that was judged is no proof that nothing regressed.
  return has("pass") ? "pass" : "inconclusive";
}

function summaryOf(verdict: ComparisonVerdict, found: Findings): string {
  const { checks, differences, sessions, metrics } = found;
  const such = metrics.filter((metric) => metric.verdict === verdict);
  const changes = such
    .map((one) => `${one.metric.name} ${changeText(one.estimate, one.metric)}`)
    .join(", ");
  switch (verdict) {
    case "violated": {
      const failed = checks.filter((check) => check.verdict === "fail");
      return `the head is wrong: ${failed.map(({ name, detail }) => `${name} (${detail})`).join("; ")}`;
    }
    case "incomparable":
      return `not comparable: ${plural(differences.length, "difference")} in what must be alike`;
    case "void":
      return `the figures are void: ${found.void}`;
    case "unproven":
      return unprovenText(checks, sessions);
    case "regressed":
      return `worse: ${changes}${sessions.length > 1 ? ", confirmed by a second session" : ""}`;
    case "inconclusive":
      return such.length === 0
        ? "cannot tell: a single run of each is shown and not judged"
        : `cannot tell: ${such.map(openText).join(", ")}`;
    case "improved":
      return `better: ${changes}; nothing regressed`;
    case "pass": {
      const passed = metrics.filter((metric) => metric.verdict === "pass").length;
      return `no regression in ${plural(passed, "metric")}`;
    }
    default:
      return verdict satisfies never;
  }
}

function unprovenText(checks: readonly Check[], sessions: readonly Session[]): string {
  const open = checks.find(({ verdict }) => verdict === "unknown");
  if (open !== undefined) return `nothing is proved: ${open.name} is unknown (${open.detail})`;
  const moved = sessions.flatMap(({ canaries }) => canaries);
  const names = moved
    .map((one) => `${one.metric.name} ${changeText(one.estimate, one.metric)}`)
    .join(", ");
  return `nothing is proved: the machine was not the same for both arms (${names})`;
}

const openText = (found: MetricComparison): string =>
  `${found.metric.name} (so many runs find ${detectableText(found)} or more)`;
