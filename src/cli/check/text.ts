import type { LostAcks } from "../../chaos/lost-acks.ts";
import type { CheckResult, Method } from "../../check/check.ts";
import { shortName } from "../../check/describe.ts";
import { timeline } from "../../check/explain/timeline.ts";
import type { History } from "../../history/op.ts";
import { count, durationMs, plural } from "../../report/format.ts";
import { type Judged, outcomesOf } from "./judged.ts";
import { commandOf } from "./options.ts";

/** Operations shown of a core that could not be made small. */
const CORE_SHOWN_MAX = 12;
const TITLES = {
  pass: "✔ PASS  linearizable",
  fail: "✘ FAIL  not linearizable",
  unknown: "? UNKNOWN  neither proved nor refuted",
} as const;
const METHODS: Readonly<Record<Method, string>> = {
  certificate: "log index",
  versioned: "versions",
  append: "appends",
  register: "order of values",
  insertion: "order of values with refused writes put in",
  search: "exact search",
};

/** What a person reads: the verdict, why, and how it was found. */
export function asText(judged: Judged): string {
  const { flags, read, result, lostAcks, readMs, checkMs } = judged;
  const { history } = read;
  const outcomes = Object.entries(outcomesOf(history)).map(([name, n]) => `${name} ${count(n)}`);
  const over = read.passedOver === 0 ? "" : `, ${count(read.passedOver)} of no client passed over`;
  const cut =
    read.cutBytes === 0 ? "" : `, without ${plural(read.cutBytes, "byte")} of an incomplete record`;
  return [
    `${TITLES[result.kind]}: ${flags.file}`,
    `  operations  ${count(result.operations)} on ${keysText(result.keys)} (${outcomes.join(", ")})`,
    `  format      ${read.format}${over}${cut}`,
    `  took        ${durationMs(readMs)} to read, ${durationMs(checkMs)} to check`,
    ...verdictLines(history, result, judged),
    ...(lostAcks === null ? [] : [`  writes      ${lostAcksText(lostAcks)}`]),
    ...(flags.html === undefined ? [] : [`  page        ${flags.html}`]),
    ...(result.kind === "pass" ? [] : [`  repeat      ${commandOf(flags)}`]),
  ].join("\n");
}

const keysText = (n: number): string => plural(n, "key");

function verdictLines(history: History, result: CheckResult, judged: Judged): readonly string[] {
  switch (result.kind) {
    case "pass":
      return [`  proved by   ${provedBy(result.settledBy)}`];
    case "fail":
      return failLines(history, result);
    case "unknown":
      return unknownLines(result, judged);
  }
}

const provedBy = (settledBy: Readonly<Record<Method, number>>): string =>
  (Object.entries(settledBy) as [Method, number][])
    .filter(([, keys]) => keys > 0)
    .map(([method, keys]) => `${METHODS[method]}: ${keysText(keys)}`)
    .join(", ");

function failLines(
  history: History,
  { key, sentence, core, arrows, method }: Extract<CheckResult, { kind: "fail" }>,
): readonly string[] {
  const shown = core.slice(-CORE_SHOWN_MAX);
  const more = core.length - shown.length;
  return [
    `  key         ${shortName(key)}`,
    `  why         ${sentence}`,
    `  found by    ${METHODS[method]}`,
    "",
    ...(more > 0 ? [`    … ${count(more)} earlier operations`] : []),
    ...timeline(history, shown, arrows).map((line) => `    ${line}`.trimEnd()),
    "",
  ];
}

function unknownLines(
  result: Extract<CheckResult, { kind: "unknown" }>,
  { flags }: Judged,
): readonly string[] {
  const more = result.unsettled > 1 ? ` (and ${keysText(result.unsettled - 1)} more)` : "";
  const changed =
    result.limit === "time"
      ? { timeout: times10(flags.timeout) }
      : { memory: times10(flags.memory) };
  const prefix = `${plural(result.prefix.length, "operation")} of key ${result.key}`;
  return [
    `  why         ${result.detail}${more}`,
    `  legal up to ${prefix}: the longest order that was found`,
    `  try         ${commandOf(flags, changed)}`,
  ];
}

/** Ten times a duration or a size that was understood before. */
const times10 = (text: string): string =>
  text.trim().replace(/^[\d.]+/, (number) => String(Number(number) * 10));

function lostAcksText({ lost, unread, acknowledged }: LostAcks): string {
  const writes = `${count(acknowledged)} acknowledged`;
  if (lost.length > 0) return `${writes}, ${count(lost.length)} of them are gone`;
  if (unread.length === 0) return `${writes}, none lost`;
  return `${writes}, none seen lost (${keysText(unread.length)} not read after the last write)`;
}
