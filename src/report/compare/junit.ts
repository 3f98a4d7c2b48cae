import type { Comparison, MetricComparison } from "./comparison.ts";
import { capitalised, metricSentence, titleOf } from "./words.ts";

/**
 * A comparison as JUnit XML, a case a check and a metric, for CI that shows tests: regressed is a
 * failure, inconclusive is skipped; void, unproven and incomparable make every judged metric an error.
 */
export function comparisonJunit(comparison: Comparison): string {
  const cases = [wholeCase(comparison), ...checkCases(comparison), ...metricCases(comparison)];
  const count = (kind: Outcome["kind"]): number =>
    cases.filter(({ outcome }) => outcome.kind === kind).length;
  const { startedAt, durationMs, base, head, command } = comparison;
  const attributes = [
    `name="${escapeXml(`ordeal ${titleOf(comparison)}`)}"`,
    `tests="${cases.length}" failures="${count("failure")}" errors="${count("error")}" skipped="${count("skipped")}"`,
    `time="${(durationMs / 1000).toFixed(3)}" timestamp="${escapeXml(startedAt)}"`,
  ].join(" ");
  const properties = Object.entries({ base: base.label, head: head.label, repeat: command }).map(
    ([name, value]) => `      <property name="${name}" value="${escapeXml(value)}"/>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite ${attributes}>`,
    "    <properties>",
    ...properties,
    "    </properties>",
    ...cases.map((each) => caseLines(each, titleOf(comparison))),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

type Outcome = {
  readonly kind: "pass" | "failure" | "error" | "skipped";
  readonly text: string;
};
type Case = { readonly group: string; readonly name: string; readonly outcome: Outcome };

/** So that a comparison without any metric is told, too. */
function wholeCase({ verdict, summary, differences }: Comparison): Case {
  const text = [capitalised(summary), ...differences].join("\n");
  const kinds = { violated: "failure", incomparable: "error", void: "error", unproven: "error" };
  const kind = (kinds as Partial<Record<string, Outcome["kind"]>>)[verdict] ?? "pass";
  return { group: "verdict", name: "valid", outcome: { kind, text } };
}

const CHECK_OUTCOMES = { pass: "pass", fail: "failure", unknown: "error" } as const;

const checkCases = ({ checks }: Comparison): Case[] =>
  checks.map(({ name, verdict, detail }) => ({
    ...{ group: "checks", name },
    outcome: { kind: CHECK_OUTCOMES[verdict], text: detail },
  }));

const metricCases = (comparison: Comparison): Case[] =>
  comparison.metrics.map((m) => ({
    ...{ group: "metrics", name: m.metric.name },
    outcome: { kind: outcomeOf(comparison, m), text: metricSentence(m) },
  }));

function outcomeOf({ verdict }: Comparison, { verdict: of }: MetricComparison): Outcome["kind"] {
  if (of === "shown") return "pass";
  if (verdict === "void" || verdict === "unproven" || verdict === "incomparable") return "error";
  return of === "regressed" ? "failure" : of === "inconclusive" ? "skipped" : "pass";
}

function caseLines({ group, name, outcome }: Case, title: string): string {
  const open = `    <testcase classname="${escapeXml(`ordeal.${title}.${group}`)}" name="${escapeXml(name)}"`;
  const text = escapeXml(outcome.text);
  if (outcome.kind === "pass")
    return `${open}>\n      <system-out>${text}</system-out>\n    </testcase>`;
  // Attributes keep no line breaks; the element's text does.
  const message = escapeXml(outcome.text.split("\n")[0]!);
  const body = outcome.kind === "skipped" ? "/>" : `>${text}</${outcome.kind}>`;
  return `${open}>\n      <${outcome.kind} message="${message}"${body}\n    </testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** For text and attributes; what XML 1.0 cannot hold at all (control characters) becomes U+FFFD. */
const escapeXml = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"]/g, (char) => ENTITIES[char]!);
