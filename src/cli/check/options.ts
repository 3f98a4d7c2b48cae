import type { ModelName } from "../../check/check.ts";
import { type Format, FORMATS, type ReadOptions } from "../../history/readers/read.ts";
import { closest } from "../../lib/suggest.ts";
import { type Problem, UserError } from "../../lib/user-error.ts";
import { shellWord } from "../shell-word.ts";
import { parseBytes, parseDurationMs } from "../parse.ts";

/** The command line, as written. */
export type CheckFlags = {
  readonly file: string;
  readonly format: string;
  readonly model: string;
  readonly timeout: string;
  readonly memory: string;
  readonly skew: string | undefined;
  readonly "failed-cas": string;
  readonly html: string | undefined;
  readonly json: boolean;
};

export type CheckSettings = {
  readonly read: ReadOptions;
  readonly model: ModelName;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
};

const MODELS = [
  ...["auto", "register", "cas", "versioned-kv", "append-kv", "kv"],
] as const satisfies readonly ModelName[];
const FAILED_CAS = ["auto", "mismatch", "ignored"] as const;
const US_PER_MS = 1000;

/** What the flags mean. Throws UserError that lists all of their mistakes. */
export function settingsOf(flags: CheckFlags): CheckSettings {
  const problems: Problem[] = [];
  const tried = <T>(parse: () => T, otherwise: T): T => {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
      return otherwise;
    }
  };
  const { skew } = flags;
  const format = tried(
    () => oneOf<"auto" | Format>(["auto", ...FORMATS], flags.format, "--format"),
    "auto",
  );
  const model = tried(() => oneOf(MODELS, flags.model, "--model"), "auto");
  const failedCas = tried(() => oneOf(FAILED_CAS, flags["failed-cas"], "--failed-cas"), "auto");
  const timeoutMs = tried(() => parseDurationMs(flags.timeout, "--timeout"), 0);
  const memoryBytes = tried(() => parseBytes(flags.memory, "--memory"), 0);
  const skewMs = skew === undefined ? null : tried(() => parseSkewMs(skew), 0);
  if (problems.length > 0) throw new UserError("cannot check", problems);
  const read = {
    format: format === "auto" ? null : format,
    failedCas: failedCas === "auto" ? null : failedCas,
    skewUs: skewMs === null ? null : skewMs * US_PER_MS,
  };
  return { read, model, timeoutMs, memoryBytes };
}

/** "0" orders by time with clocks that agree; microseconds matter here. */
function parseSkewMs(text: string): number {
  if (/^0+$/.test(text.trim())) return 0;
  const us = /^(\d+(?:\.\d+)?)\s*(?:us|µs)$/.exec(text.trim());
  return us === null ? parseDurationMs(text, "--skew") : Number(us[1]) / US_PER_MS;
}

function oneOf<T extends string>(names: readonly T[], text: string, where: string): T {
  const name = names.find((each) => each === text);
  if (name !== undefined) return name;
  const meant = closest(text, names);
  const hint = meant === null ? "" : `did you mean ${meant}? `;
  throw new UserError("bad flag", [
    { where, what: `"${text}" is not known`, fix: `${hint}it is one of ${names.join(", ")}` },
  ]);
}

/** The command that does the same check again, with some flags changed. */
export function commandOf(flags: CheckFlags, changed: Partial<CheckFlags> = {}): string {
  const all = { ...flags, ...changed };
  const optional = [
    ...(all.format === "auto" ? [] : ["--format", all.format]),
    ...(all.model === "auto" ? [] : ["--model", all.model]),
    ...(all.timeout === "60s" ? [] : ["--timeout", all.timeout]),
    ...(all.memory === "2GiB" ? [] : ["--memory", all.memory]),
    ...(all.skew === undefined ? [] : ["--skew", all.skew]),
    ...(all["failed-cas"] === "auto" ? [] : ["--failed-cas", all["failed-cas"]]),
    ...(all.html === undefined ? [] : ["--html", all.html]),
  ];
  return ["ordeal", "check", all.file, ...optional].map(shellWord).join(" ");
}
