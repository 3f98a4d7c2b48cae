import type { Comparison } from "./comparison.ts";
import { byWeight, COMPARISON_WORDS, metricSentence, titleOf, verdictTone } from "./words.ts";

/** GitHub shows ten of a kind in a step, and people read fewer. */
const ANNOTATIONS_MAX = 10;

/**
 * Workflow commands that put what matters of a comparison beside a CI run, at most ten, the heaviest
 * first: errors for what is violated or regressed, warnings for what is not settled. None when all passed.
 */
export function comparisonAnnotations(comparison: Comparison): readonly string[] {
  const { verdict, summary, checks, differences, metrics } = comparison;
  const title = titleOf(comparison);
  const all = [
    ...(verdictTone(verdict) === "pass"
      ? []
      : [
          command(
            verdictTone(verdict) === "fail" ? "error" : "warning",
            `${COMPARISON_WORDS[verdict]}: ${title}`,
            [summary, ...differences, `repeat: ${comparison.command}`].join("\n"),
          ),
        ]),
    ...checks
      .filter((check) => check.verdict !== "pass")
      .toSorted((a, b) => Number(b.verdict === "fail") - Number(a.verdict === "fail"))
      .map(({ name, verdict: of, detail }) =>
        command(of === "fail" ? "error" : "warning", `${name}: ${title}`, detail),
      ),
    ...byWeight(metrics)
      .filter((m) => m.verdict === "regressed" || m.verdict === "inconclusive")
      .map((m) =>
        command(
          m.verdict === "regressed" ? "error" : "warning",
          `${m.metric.name}: ${m.verdict}`,
          metricSentence(m),
        ),
      ),
  ];
  if (all.length <= ANNOTATIONS_MAX) return all;
  const rest = all.length - (ANNOTATIONS_MAX - 1);
  const more = command("warning", title, `${rest} more: see the summary of the job`);
  return [...all.slice(0, ANNOTATIONS_MAX - 1), more];
}

const command = (level: "error" | "warning", title: string, text: string): string =>
  `::${level} title=${escapeProperty(title)}::${escapeData(text)}`;

/** https://github.com/actions/toolkit, packages/core/src/command.ts */
const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
