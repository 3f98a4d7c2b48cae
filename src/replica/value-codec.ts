import { broken } from "../lib/assert.ts";
import { crc32 } from "../lib/crc32.ts";
import { type ByteReader, type ByteWriter, WireError } from "../wire/bytes.ts";

/** What a plain value is made of: what inputs of the core and its Ready are. */
export type Value =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [name: string]: Value };

/**
 * A plain value as bytes; little-endian, a tag first:
 *
 *   null, undefined, false, true    u8 0 … 3
 *   number                          u8 4 · f64
 *   string                          u8 5 · u32 length · UTF-8
 *   bytes                           u8 6 · u32 length · bytes
 *   list                            u8 7 · u32 length · values
 *   object                          u8 8 · u32 length · so often a name (u32 length · UTF-8) and a value
 */
const CONSTANTS = [null, undefined, false, true] as const;
const NUMBER = 4;
const STRING = 5;
const BYTES = 6;
const LIST = 7;
const OBJECT = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Names in alphabetical order, so that equal values give equal bytes. */
export function writeValue(w: ByteWriter, value: Value, bytesAs = writeBytes): void {
  if (typeof value === "number") {
    w.u8(NUMBER);
    w.f64(value);
  } else if (typeof value === "string") {
    w.u8(STRING);
    writeBytes(w, encoder.encode(value));
  } else if (value instanceof Uint8Array) {
    w.u8(BYTES);
    bytesAs(w, value);
  } else if (typeof value === "object" && value !== null) {
    if (isList(value)) {
      w.u8(LIST);
      w.u32(value.length);
      for (const item of value) writeValue(w, item, bytesAs);
      return;
    }
    const names = Object.keys(value).sort();
    w.u8(OBJECT);
    w.u32(names.length);
    for (const name of names) {
      writeBytes(w, encoder.encode(name));
      writeValue(w, value[name], bytesAs);
    }
  } else {
    w.u8(CONSTANTS.indexOf(value));
  }
}

/** Throws WireError. Bytes are views of what is read. */
export function readValue(r: ByteReader): Value {
  const tag = r.u8("tag");
  switch (tag) {
    case NUMBER:
      return r.f64("number");
    case STRING:
      return readText(r);
    case BYTES:
      return r.bytes(r.u32("length"), "bytes");
    case LIST: {
      const list: Value[] = [];
      for (let left = r.u32("length"); left > 0; left--) list.push(readValue(r));
      return list;
    }
    case OBJECT: {
      const object: Record<string, Value> = {};
      for (let left = r.u32("length"); left > 0; left--) {
        const name = readText(r);
        object[name] = readValue(r);
      }
      return object;
    }
    default:
      if (tag >= CONSTANTS.length) throw new WireError(`tag: ${tag}`);
      return CONSTANTS[tag];
  }
}

/** For a hash: bytes count by their length and crc, and are not copied. */
export function writeDigest(w: ByteWriter, value: Value): void {
  writeValue(w, value, (to, bytes) => {
    to.u32(bytes.length);
    to.u32(crc32(bytes));
  });
}

function writeBytes(w: ByteWriter, bytes: Uint8Array): void {
  if (bytes.length >= 2 ** 32) broken(`${bytes.length} bytes in one value`);
  w.u32(bytes.length);
  w.bytes(bytes);
}

const readText = (r: ByteReader): string => decoder.decode(r.bytes(r.u32("text length"), "text"));

const isList = (value: object): value is readonly Value[] => Array.isArray(value);
