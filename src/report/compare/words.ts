import { figureText } from "../figures.ts";
import { bytes, NOTHING } from "../format.ts";
import type { Verdict } from "../schema.ts";
import type {
  Comparison,
  ComparisonVerdict,
  Metric,
  MetricComparison,
  MetricVerdict,
  Side,
} from "./comparison.ts";

/** A verdict is never told by colour alone. */
export const COMPARISON_WORDS: Readonly<Record<ComparisonVerdict, string>> = {
  violated: "Violated",
  incomparable: "Not comparable",
  void: "Void",
  unproven: "Unproven",
  regressed: "Regressed",
  inconclusive: "Inconclusive",
  improved: "Improved",
  pass: "Pass",
};

export const METRIC_WORDS: Readonly<Record<MetricVerdict, string>> = {
  regressed: "regressed",
  inconclusive: "inconclusive",
  improved: "improved",
  pass: "pass",
  shown: "not judged",
};

/** How a verdict is coloured and which sign it has: as that of a run. */
export function verdictTone(verdict: ComparisonVerdict | Exclude<MetricVerdict, "shown">): Verdict {
  if (verdict === "violated" || verdict === "regressed") return "fail";
  return verdict === "pass" || verdict === "improved" ? "pass" : "unknown";
}

export const metricTone = (verdict: MetricVerdict): Verdict | "shown" =>
  verdict === "shown" ? "shown" : verdictTone(verdict);

const WEIGHT: readonly MetricVerdict[] = ["regressed", "inconclusive", "improved", "pass", "shown"];

/** What matters first; metrics of one verdict stay in their order. */
export const byWeight = (metrics: readonly MetricComparison[]): readonly MetricComparison[] =>
  metrics.toSorted((a, b) => WEIGHT.indexOf(a.verdict) - WEIGHT.indexOf(b.verdict));

/** ln(head / base), signed so that + is worse, as head / base − 1: 0.2 is 20 % more, whether good or bad. */
export const relativeChange = (worseLn: number, { better }: Pick<Metric, "better">): number =>
  Math.expm1(better === "lower" ? worseLn : -worseLn);

/** `+21.4 %`, `−8.0 %`, `+0.0 %`; "–" for what is not known. */
export function changeText(worseLn: number, metric: Pick<Metric, "better">): string {
  const change = relativeChange(worseLn, metric);
  return Number.isFinite(change) ? `${signed(change)} %` : NOTHING;
}

/** `−12.3 … −4.1 %`; "–" for a single run of each, which has none. */
export function intervalText({ low, high, metric }: MetricComparison): string {
  if (low === null || high === null) return NOTHING;
  const ends = [low, high].map((end) => relativeChange(end, metric));
  const [from, to] = metric.better === "lower" ? ends : ends.toReversed();
  return `${signed(from!)} … ${signed(to!)} %`;
}

const signed = (change: number): string => {
  if (change === Infinity) return "+∞";
  const percent = change * 100;
  const size = Math.abs(percent);
  const text = size >= 99.95 ? Math.round(size).toLocaleString("en-US") : size.toFixed(1);
  return `${percent < 0 && Number(text) !== 0 ? "−" : "+"}${text}`;
};

/** How much worse, whichever way that is for the value: `10 %`. */
const worseBy = (worseLn: number, metric: Metric): string => {
  const share = Math.abs(relativeChange(worseLn, metric));
  return Number.isFinite(share) ? `${Number((share * 100).toPrecision(2))} %` : NOTHING;
};

/** Whether a verdict could be given: not if it is only shown, or if there is a single run of each. */
export const isJudged = ({ metric, high }: MetricComparison): boolean =>
  metric.gated && high !== null;

/** From how much on it is a regression, by θ and the floor at this base: `10 %`. */
export const limitText = ({ limit, metric }: MetricComparison): string => worseBy(limit, metric);

/** The smallest worsening that would be found: `12 %`. */
export const detectableText = ({ detectable, metric }: MetricComparison): string =>
  detectable === null ? NOTHING : worseBy(detectable, metric);

/** `0.024`, `< 0.001`. */
export const pText = (p: number): string =>
  !Number.isFinite(p) ? NOTHING : p < 0.001 ? "< 0.001" : p >= 0.9995 ? "1" : p.toFixed(3);

export const valueText = (value: number, { unit }: Metric): string =>
  Number.isFinite(value) ? figureText(value, unit) : NOTHING;

/** `+21.4 % (61,509/s → 74,100/s, interval +18.0 … +25.1 %, θ 10 %, p 0.002)`. */
export const metricSentence = (m: MetricComparison): string => {
  const values = `${valueText(m.base, m.metric)} → ${valueText(m.head, m.metric)}`;
  const judged = isJudged(m)
    ? `, θ ${limitText(m)}, Holm p ${pText(m.pHolm)}, finds ${detectableText(m)}`
    : ", not judged";
  return `${changeText(m.estimate, m.metric)} (${values}, interval ${intervalText(m)}${judged})`;
};

/** Where the figures of an arm come from. */
export const SIDE_FACTS: readonly (readonly [name: string, of: (side: Side) => string])[] = [
  ["What", ({ label }) => label],
  ["Arm", ({ about }) => about],
  ["Code", ({ code }) => codeText(code)],
  ["CPU", ({ environment: m }) => `${m.cpu}, ${m.cores} cores`],
  ["Memory", ({ environment: m }) => bytes(m.memoryBytes)],
  ["System", ({ environment: m }) => `${m.os}, kernel ${m.kernel}`],
  ["Bun", ({ environment: m }) => m.bun],
];

const codeText = ({ commit, dirty }: Side["code"]): string =>
  `${commit.slice(0, 12)}${dirty ? " with uncommitted changes" : ""}`;

/** `two sessions: 24 pairs in two looks, and 12 pairs that confirm`; of stored reports their kind. */
export function sessionsText({ mode, sessions }: Comparison): string {
  if (mode === "stored") return "two stored reports: advice, not proof";
  return sessions
    .map(({ pairs, looks }, i) => {
      const extended = looks === 2 ? " in two looks" : "";
      return `${pairs} pairs${extended}${i === 0 ? "" : " to confirm"}`;
    })
    .join(", ");
}

/** The file name and title of a comparison: `compare put`, `gate put`. */
export const titleOf = ({ mode, name }: Comparison): string =>
  `${mode === "paired" ? "gate" : "compare"} ${name}`;

/** A sentence as it begins: `worse: …` → `Worse: …`. */
export const capitalised = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
