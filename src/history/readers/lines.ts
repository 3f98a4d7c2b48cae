import { refuse, Unreadable } from "./problem.ts";

/** Bytes decoded at once: the whole text of a large file would not fit one string. */
const BLOCK_BYTES = 1 << 20;
const NEWLINE = 10;

/**
 * Calls `take` with each line of a UTF-8 text, without its end; empty ones are left out. What
 * `take` finds unreadable is refused with file and line; so is text that is not UTF-8.
 */
export function eachLine(bytes: Uint8Array, name: string, take: (line: string) => void): void {
  let number = 0;
  for (let from = 0; from < bytes.length;) {
    const to = blockEnd(bytes, from);
    const lines = decode(bytes.subarray(from, to), `${name}, after line ${number}`).split("\n");
    if (lines.at(-1) === "") lines.pop();
    for (const line of lines) {
      number++;
      if (line.trim() === "") continue;
      try {
        take(line.endsWith("\r") ? line.slice(0, -1) : line);
      } catch (error) {
        if (error instanceof Unreadable)
          refuse(`${name}, line ${number}`, error.message, error.fix);
        throw error;
      }
    }
    from = to;
  }
}

/** The text of `bytes`; refused at `where` if it is not UTF-8. */
export function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse(where, "the text is not UTF-8", "convert the file to UTF-8, or record it again");
  }
}

/** A block ends after the last newline that fits, or after the first one if none fits. */
function blockEnd(bytes: Uint8Array, from: number): number {
  if (bytes.length - from <= BLOCK_BYTES) return bytes.length;
  const last = bytes.lastIndexOf(NEWLINE, from + BLOCK_BYTES - 1);
  if (last >= from) return last + 1;
  const next = bytes.indexOf(NEWLINE, from + BLOCK_BYTES);
  return next < 0 ? bytes.length : next + 1;
}
