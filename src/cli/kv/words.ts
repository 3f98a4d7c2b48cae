const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };
const utf8 = new TextEncoder();

/** A word of a line, as the bytes that it stands for. */
export type Word = { readonly bytes: Uint8Array; readonly text: string };

/** A line cut into words, or what is wrong with it. */
export type Words =
  | { readonly kind: "words"; readonly words: readonly Word[] }
  | { readonly kind: "problem"; readonly what: string };

/**
 * Cuts a line at spaces. Within '…' everything stands for itself; within "…" and outside, \n \r \t and \xNN (a byte)
 * are escapes, and \ before anything else takes its meaning away.
 */
export function cutWords(line: string): Words {
  const words: Word[] = [];
  let bytes: number[] | null = null;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const char = String.fromCodePoint(line.codePointAt(i)!);
    i += char.length - 1;
    if (quote === "" && char === " ") {
      if (bytes !== null) words.push(wordOf(bytes));
      bytes = null;
      continue;
    }
    bytes ??= [];
    if (char === quote) quote = "";
    else if (quote === "" && (char === "'" || char === '"')) quote = char;
    else if (char === "\\" && quote !== "'") {
      const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(i + 1))?.[1];
      const next = line[i + 1];
      if (next === undefined) return { kind: "problem", what: "a \\ with nothing behind it" };
      const plain = String.fromCodePoint(line.codePointAt(i + 1)!);
      if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
      else if (ESCAPES[next] !== undefined) bytes.push(ESCAPES[next]);
      else bytes.push(...utf8.encode(plain));
      i += hex === undefined ? plain.length : 3;
    } else bytes.push(...utf8.encode(char));
  }
  if (quote !== "") return { kind: "problem", what: `a ${quote} that does not end` };
  if (bytes !== null) words.push(wordOf(bytes));
  return { kind: "words", words };
}

function wordOf(bytes: readonly number[]): Word {
  const all = Uint8Array.from(bytes);
  return { bytes: all, text: new TextDecoder().decode(all) };
}

/** The escaped form of a key as a word without quotes, from how it is shown (encoding.ts). */
export const asWord = (shownKey: string): string => shownKey.replace(/[ '"]/g, "\\$&");
