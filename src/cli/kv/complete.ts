import type { Client } from "../../connect/client.ts";
import { shown } from "./encoding.ts";
import { COMMAND_NAMES, TAKES_KEY } from "./repl-commands.ts";
import { asWord, cutWords } from "./words.ts";

/** Keys that are offered at a time. */
const KEYS_MAX = 50;
/** Who presses Tab does not wait longer. */
const WITHIN_MS = 500;

/** What a word may go on as, and the word as it stands in the line. */
export type Completions = [hits: string[], word: string];

/** Completes the end of a line: a command, or a key of the store by its beginning. */
export async function complete(db: Client, line: string): Promise<Completions> {
  const first = /^\s*(\S*)$/.exec(line)?.[1];
  if (first !== undefined) {
    return [COMMAND_NAMES.filter((name) => name.startsWith(first)).map((n) => `${n} `), first];
  }
  // The second word: up to the end, with spaces only where they are escaped.
  const [, name = "", word = ""] = /^\s*(\S+)\s+((?:[^\s\\'"]|\\.)*)$/.exec(line) ?? [];
  if (!TAKES_KEY.has(name)) return [[], line];
  const cut = cutWords(word);
  if (cut.kind === "problem") return [[], word];
  const prefix = cut.words[0]?.bytes ?? new Uint8Array(0);
  return [(await keysFrom(db, prefix)).filter((key) => key.startsWith(word)), word];
}

/** None when the store does not answer, or has no order: a completion must not disturb. */
async function keysFrom(db: Client, prefix: Uint8Array): Promise<string[]> {
  try {
    const keys = db.scan({ prefix, limit: KEYS_MAX, local: true, timeoutMs: WITHIN_MS });
    return await Array.fromAsync(keys, ({ keyBytes }) => `${asWord(shown(keyBytes, "text"))} `);
  } catch {
    return [];
  }
}
