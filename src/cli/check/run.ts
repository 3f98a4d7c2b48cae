import { findLostAcks, type LostAcks } from "../../chaos/lost-acks.ts";
import { checkHistory, type CheckResult } from "../../check/check.ts";
import { evidence } from "../../check/describe.ts";
import { timeline } from "../../check/explain/timeline.ts";
import { readHistory } from "../../history/codec.ts";
import { type History, OUTCOME_NAMES } from "../../history/op.ts";
import { UserError } from "../../lib/user-error.ts";
import { count, durationMs } from "../../report/format.ts";
import { parseDurationMs } from "../parse.ts";

const keysText = (n: number): string => `${count(n)} ${n === 1 ? "key" : "keys"}`;

/** What the search of one key may remember. */
const MEMORY_BYTES = 1 << 30;
/** Operations shown of a core that could not be made small. */
const CORE_SHOWN_MAX = 12;
const EXIT_CODES = { pass: 0, fail: 2, unknown: 3 } as const;
const TITLES = {
  pass: "✔ PASS  linearizable",
  fail: "✘ FAIL  not linearizable",
  unknown: "? UNKNOWN  neither proved nor refuted",
} as const;

type Judged = {
  readonly file: string;
  readonly history: History;
  readonly result: CheckResult;
  readonly lostAcks: LostAcks;
  readonly ms: number;
};

/**
 * Checks the history in `file`: what to print and the exit code. Throws UserError when the file
 * cannot be read or is no history.
 */
export async function runCheck(
  file: string,
  timeout: string,
  json: boolean,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const timeoutMs = parseDurationMs(timeout, "--timeout");
  const history = readHistory(await bytesOf(file), file);
  const now = (): number => performance.now();
  const startMs = now();
  const result = checkHistory(history, { now, timeoutMs, memoryBytes: MEMORY_BYTES });
  const judged = { file, history, result, lostAcks: findLostAcks(history), ms: now() - startMs };
  const output = json ? JSON.stringify(asJson(judged)) : asText(judged);
  return { exitCode: EXIT_CODES[result.kind], output };
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await Bun.file(file).arrayBuffer());
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const fix = "pass the path of a history.bin that can be read";
    throw new UserError("cannot read the history", [{ where: file, what, fix }]);
  }
}

function asJson({ file, history, result, lostAcks, ms }: Judged): unknown {
  const { kind: verdict, ...rest } = result;
  return {
    ...{ file, verdict, ms: Math.round(ms), ...rest, outcomes: outcomesOf(history) },
    ...(result.kind === "fail" ? { core: evidence(history, result.core) } : {}),
    acknowledgedWrites: lostAcks.acknowledged,
    lostAcks: lostAcks.lost.map((rows) => evidence(history, rows)),
    keysNotReadAtTheEnd: lostAcks.unread.length,
  };
}

function outcomesOf(history: History): Readonly<Record<string, number>> {
  const counts = OUTCOME_NAMES.map(() => 0);
  for (let i = 0; i < history.count; i++) counts[history.outcome[i]!]!++;
  return Object.fromEntries(OUTCOME_NAMES.map((name, i) => [name, counts[i]!]));
}

function asText({ file, history, result, lostAcks, ms }: Judged): string {
  const outcomes = Object.entries(outcomesOf(history)).map(([name, n]) => `${name} ${count(n)}`);
  return [
    `${TITLES[result.kind]}: ${file}`,
    `  operations  ${count(result.operations)} on ${keysText(result.keys)} (${outcomes.join(", ")})`,
    `  took        ${durationMs(ms)}`,
    ...verdictLines(history, result),
    `  writes      ${lostAcksText(lostAcks)}`,
  ].join("\n");
}

function verdictLines(history: History, result: CheckResult): readonly string[] {
  if (result.kind === "unknown") {
    const more = result.unsettled > 1 ? ` (and ${keysText(result.unsettled - 1)} more)` : "";
    return [`  why         ${result.detail}${more}`];
  }
  if (result.kind === "pass") {
    const { certificate, search } = result.settledBy;
    return [`  proved by   log index: ${keysText(certificate)}, search: ${keysText(search)}`];
  }
  const shown = result.core.slice(-CORE_SHOWN_MAX);
  const more = result.core.length - shown.length;
  return [
    `  key         ${result.key}`,
    `  why         ${result.sentence}`,
    "",
    ...(more > 0 ? [`    … ${count(more)} earlier operations`] : []),
    ...timeline(history, shown, result.arrows).map((line) => `    ${line}`),
    "",
  ];
}

function lostAcksText({ lost, unread, acknowledged }: LostAcks): string {
  const writes = `${count(acknowledged)} acknowledged`;
  if (lost.length > 0) return `${writes}, ${count(lost.length)} of them are gone`;
  if (unread.length === 0) return `${writes}, none lost`;
  return `${writes}, none seen lost (${keysText(unread.length)} not read after the last write)`;
}
