import { findLostAcks } from "../../chaos/lost-acks.ts";

import { readAny } from "../../history/readers/read.ts";
import { bytesOf, STDIN_NAME } from "./input.ts";
import { asJson } from "./json.ts";
import type { Judged } from "./judged.ts";
import { type CheckFlags, commandOf, settingsOf } from "./options.ts";
import { asText } from "./text.ts";
import { checkInWorkers } from "./workers.ts";

const EXIT_CODES = { pass: 0, fail: 2, unknown: 3 } as const;

/**
 * Checks the history in a file: what to print and the exit code. Throws UserError when a flag is
 * wrong, or the file cannot be read or is no history.
 */
export async function runCheck(
  flags: CheckFlags,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const { model, timeoutMs, memoryBytes, ...settings } = settingsOf(flags);
  const now = (): number => performance.now();
  const startMs = now();
  const name = flags.file === "-" ? STDIN_NAME : flags.file;
  const read = readAny(await bytesOf(flags.file), name, settings.read);
  const readMs = now() - startMs;
  const result = await checkInWorkers(read.history, { now, timeoutMs, memoryBytes, model });
  const checkMs = now() - startMs - readMs;
  const lostAcks = read.format === "ordeal" ? findLostAcks(read.history) : null;
  const judged: Judged = { flags, read, result, lostAcks, readMs, checkMs };
  if (flags.html !== undefined) await writePage(flags.html, judged);
  const output = flags.json ? JSON.stringify(asJson(judged)) : asText(judged);
  return { exitCode: EXIT_CODES[result.kind], output };
}

/** The page is a part of the program of its own, which most checks do without. */
async function writePage(out: string, { flags, read, result, checkMs }: Judged): Promise<void> {
  const { writeCheckPage } = await import("./page.ts");
  const { file } = flags;
  const { history } = read;
  await writeCheckPage(out, { file, history, result, ms: checkMs, command: commandOf(flags) });
}
