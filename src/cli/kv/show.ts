import type { Entry } from "../../connect/client.ts";
import { EXIT_USAGE } from "../../lib/user-error.ts";
import { type Encoding, shown, written } from "./encoding.ts";
import type { Outcome } from "./perform.ts";

/** There is no such key, or its version is another one. */
const EXIT_NO = 1;
/** No answer: a read has no result, and a write may have taken effect. */
const EXIT_UNKNOWN = 3;

export function exitCodeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case "missing":
    case "mismatch":
      return EXIT_NO;
    case "unknown":
      return EXIT_UNKNOWN;
    case "failed":
      return outcome.code === "invalid" ? EXIT_USAGE : EXIT_UNKNOWN;
    default:
      return 0;
  }
}

/** The document of --json. */
export function documentOf(outcome: Outcome, encoding: Encoding): unknown {
  switch (outcome.kind) {
    case "found":
      return { kind: outcome.kind, ...entryDocument(outcome.entry, encoding) };
    case "missing":
      return { kind: outcome.kind, ...bytesDocument("key", outcome.key, encoding) };
    case "scanned": {
      const { kind, entries, next } = outcome;
      return {
        kind,
        entries: entries.map((entry) => entryDocument(entry, encoding)),
        ...(next !== null && bytesDocument("next", next, encoding)),
      };
    }
    case "failed":
    case "unknown":
      return { ...outcome, definite: outcome.kind === "failed" };
    default:
      return outcome;
  }
}

const entryDocument = ({ keyBytes, valueBytes, version }: Entry, encoding: Encoding) => ({
  ...bytesDocument("key", keyBytes, encoding),
  ...bytesDocument("value", valueBytes, encoding),
  version,
});

/** The bytes under their name, and with `nameEncoding` when they are not text. */
function bytesDocument(name: string, bytes: Uint8Array, asked: Encoding): Record<string, string> {
  const { text, encoding } = written(bytes, asked);
  return { [name]: text, ...(encoding !== "text" && { [`${name}Encoding`]: encoding }) };
}

/** Lines of a scan: key, tab, value; on each line one entry, whatever it holds. */
export const entryLines = (
  entries: readonly Entry[],
  encoding: Encoding,
  isKeysOnly: boolean,
): string =>
  entries
    .map(({ keyBytes, valueBytes }) => {
      const key = shown(keyBytes, encoding);
      return isKeysOnly ? `${key}\n` : `${key}\t${shown(valueBytes, encoding)}\n`;
    })
    .join("");

/** One line about what came of it, without the value; undefined: all is well, and goes without saying. */
export function noteOf(outcome: Outcome, encoding: Encoding): string | undefined {
  switch (outcome.kind) {
    case "missing":
      return `no such key: ${shown(outcome.key, encoding)}`;
    case "mismatch":
      return outcome.version === 0
        ? "not written: there is no such key"
        : `not written: the key has version ${outcome.version}`;
    case "failed":
      return `failed: ${outcome.message}`;
    case "unknown":
      return `the outcome is not known: ${outcome.message}`;
    case "scanned":
      return outcome.next === null
        ? undefined
        : `there are more: --from '${shown(outcome.next, encoding)}'`;
    default:
      return undefined;
  }
}
