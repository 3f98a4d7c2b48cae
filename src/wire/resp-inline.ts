const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, a: 7 };
const SPACES = new Set([0x20, 0x09, 0x0d, 0x0b, 0x0c]);
const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;

/**
 * The arguments of a command that is typed as one line, split as Redis does: at spaces; "…" with the escapes
 * \n \r \t \b \a \xHH, '…' with \' alone. Null: a quote is not closed, or text follows one that is.
 */
export function splitInline(line: Uint8Array): Uint8Array[] | null {
  const args: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && SPACES.has(line[at]!)) at++;
    if (at === line.length) return args;
    const end =
      line[at] === DOUBLE || line[at] === SINGLE ? quoted(line, at, args) : bare(line, at, args);
    if (end === -1 || (end < line.length && !SPACES.has(line[end]!))) return null;
    at = end;
  }
}

/** Each takes the argument at `at` and returns where it ends, or -1. */
function bare(line: Uint8Array, from: number, args: Uint8Array[]): number {
  let at = from;
  while (at < line.length && !SPACES.has(line[at]!)) at++;
  args.push(line.slice(from, at));
  return at;
}

function quoted(line: Uint8Array, from: number, args: Uint8Array[]): number {
  const quote = line[from]!;
  const out: number[] = [];
  let at = from + 1;
  while (at < line.length) {
    const byte = line[at]!;
    if (byte === quote) {
      args.push(Uint8Array.from(out));
      return at + 1;
    }
    if (byte !== BACKSLASH || at + 1 === line.length) {
      out.push(byte);
      at++;
    } else if (quote === SINGLE) {
      // Only the quote itself can be escaped here.
      if (line[at + 1] === SINGLE) at++;
      out.push(line[at]!);
      at++;
    } else {
      const hex = hexAt(line, at);
      const escaped = String.fromCharCode(line[at + 1]!);
      out.push(hex ?? ESCAPES[escaped] ?? line[at + 1]!);
      at += hex === null ? 2 : 4;
    }
  }
  return -1;
}

/** The byte that "\xHH" at `at` stands for. */
function hexAt(line: Uint8Array, at: number): number | null {
  const text = String.fromCharCode(...line.subarray(at + 1, at + 4));
  return /^x[0-9a-fA-F]{2}$/.test(text) ? Number.parseInt(text.slice(1), 16) : null;
}
