import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "../kv/command.ts";
import type { ScannedEntry } from "../kv/scan-reply.ts";
import { OperationFailedError } from "./errors.ts";
import type { Data, Entry } from "./types.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of it, which nobody changes. */
export const bytesOf = (data: Data): Uint8Array =>
  typeof data === "string" ? utf8.encode(data) : data.slice();

/** Throws OperationFailedError, code `invalid`. */
export function keyBytesOf(key: Data): Uint8Array {
  const bytes = bytesOf(key);
  if (bytes.length === 0) throw invalid("the key is empty: give at least one byte");
  if (bytes.length > KEY_BYTES_MAX) throw tooLong("key", bytes.length, KEY_BYTES_MAX);
  return bytes;
}

/** Throws OperationFailedError, code `invalid`. */
export function valueBytesOf(value: Data): Uint8Array {
  const bytes = bytesOf(value);
  if (bytes.length > VALUE_BYTES_MAX) throw tooLong("value", bytes.length, VALUE_BYTES_MAX);
  return bytes;
}

/** A whole number of at least `min`. Throws OperationFailedError, code `invalid`. */
export function countOf(name: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw invalid(`${name} is ${value}: give a whole number from ${min} on`);
}

export const invalid = (message: string): OperationFailedError =>
  new OperationFailedError("invalid", message);

const tooLong = (what: string, bytes: number, max: number): OperationFailedError =>
  invalid(`the ${what} has ${bytes} bytes, the limit is ${max}`);

/** The bytes become the entry's own. */
export function entryOf({ key, value, version }: ScannedEntry): Entry {
  return {
    keyBytes: key,
    valueBytes: value,
    version,
    get key() {
      return textOf("key", key);
    },
    get value() {
      return textOf("value", value);
    },
  };
}

function textOf(what: "key" | "value", bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch {
    throw new TypeError(`the ${what} is no UTF-8 text: read ${what}Bytes`);
  }
}
