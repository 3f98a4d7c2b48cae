import type { ByteWriter } from "./bytes.ts";

/** 2, or 3 after HELLO 3: what a client takes for null, maps and doubles differs. */
export type RespVersion = 2 | 3;

const utf8 = new TextEncoder();
const CRLF = utf8.encode("\r\n");
const OK = utf8.encode("+OK\r\n");
const NULL_2 = utf8.encode("$-1\r\n");
const NULL_3 = utf8.encode("_\r\n");
/** Headers of bulk strings up to this length are made once. */
const KEPT_HEADERS = 1025;
const BULK_HEADERS = Array.from({ length: KEPT_HEADERS }, (_, n) => utf8.encode(`$${n}\r\n`));

export const writeOk = (w: ByteWriter): void => w.bytes(OK);

export const writeNull = (w: ByteWriter, version: RespVersion): void =>
  w.bytes(version === 2 ? NULL_2 : NULL_3);

/** The bulk string `from[at, at + length)`. */
export function writeBulk(w: ByteWriter, from: Uint8Array, at: number, length: number): void {
  w.bytes(length < KEPT_HEADERS ? BULK_HEADERS[length]! : utf8.encode(`$${length}\r\n`));
  if (length > 0) w.bytesOf(from, at, at + length);
  w.bytes(CRLF);
}

export function writeBulkText(w: ByteWriter, text: string): void {
  const bytes = utf8.encode(text);
  writeBulk(w, bytes, 0, bytes.length);
}

/** An integer that is there as decimal digits. */
export function writeDigits(w: ByteWriter, from: Uint8Array, at: number, length: number): void {
  w.u8(0x3a);
  w.bytesOf(from, at, at + length);
  w.bytes(CRLF);
}

export const writeInteger = (w: ByteWriter, value: number): void => line(w, `:${value}`);

/** A word such as PONG. */
export const writeSimple = (w: ByteWriter, text: string): void => line(w, `+${oneLine(text)}`);

/** `text` begins with a code in capitals: "ERR unknown command". */
export const writeError = (w: ByteWriter, text: string): void => line(w, `-${oneLine(text)}`);

/** As many replies follow. */
export const writeArray = (w: ByteWriter, count: number): void => line(w, `*${count}`);

/** As many pairs of replies follow; in RESP2 they are an array. */
export const writeMap = (w: ByteWriter, pairs: number, version: RespVersion): void =>
  line(w, version === 2 ? `*${2 * pairs}` : `%${pairs}`);

function line(w: ByteWriter, text: string): void {
  w.bytes(utf8.encode(`${text}\r\n`));
}

/** A line's end within it would be the end of the reply. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n]/g, " ");
