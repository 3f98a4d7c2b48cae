import { UserError } from "../../lib/user-error.ts";

/** How bytes are written on a command line and shown: text is UTF-8. */
export const ENCODINGS = ["text", "base64", "hex"] as const;
export type Encoding = (typeof ENCODINGS)[number];

const FORMS = {
  base64: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  hex: /^(?:[0-9a-fA-F]{2})*$/,
} as const;

/** The bytes that a person wrote; `where` names what they are of. Throws UserError. */
export function parseBytes(written: string, encoding: Encoding, where: string): Uint8Array {
  if (encoding === "text") return new TextEncoder().encode(written);
  if (!FORMS[encoding].test(written)) {
    const what = `"${written}" is not ${encoding}`;
    const fix = `write it in ${encoding}, or leave out --encoding for text`;
    throw new UserError("bad bytes", [{ where, what, fix }]);
  }
  return new Uint8Array(Buffer.from(written, encoding));
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined: they are no UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return text.decode(bytes);
  } catch {
    return undefined;
  }
}

/** In the encoding asked for; what is no text comes in base64, and says so. */
export function written(
  bytes: Uint8Array,
  encoding: Encoding,
): { readonly text: string; readonly encoding: Encoding } {
  const asText = encoding === "text" ? textOf(bytes) : undefined;
  if (asText !== undefined) return { text: asText, encoding: "text" };
  const used = encoding === "text" ? "base64" : encoding;
  return { text: Buffer.from(bytes).toString(used), encoding: used };
}

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** On one line of a terminal: what would not show, or would act on the terminal, is escaped. */
export function shown(bytes: Uint8Array, encoding: Encoding): string {
  if (encoding !== "text") return written(bytes, encoding).text;
  const asText = textOf(bytes);
  if (asText === undefined) return [...bytes].map(shownByte).join("");
  return asText.replace(/[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => NAMED[char] ?? escaped(char));
}

const escaped = (char: string): string =>
  char === "\\" ? "\\\\" : [...new TextEncoder().encode(char)].map(hexByte).join("");
const shownByte = (byte: number): string => {
  const char = String.fromCharCode(byte);
  return byte >= 0x20 && byte < 0x7f && char !== "\\" ? char : hexByte(byte);
};
const hexByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;
