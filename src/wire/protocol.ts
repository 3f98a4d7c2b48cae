/** What a connection to the client port speaks. */
export type ClientProtocol = "binary" | "resp" | "json";

const BRACE = 0x7b;
/** Where the highest byte of a frame's length is. */
const LENGTH_HIGH = 3;

/**
 * Tells what a connection speaks from its first bytes; null: it takes one byte more, at most four in all.
 *
 * A frame (frame.ts) begins with its length, u32 little-endian, of at most FRAME_BYTES_MAX = 2^24: so its fourth
 * byte is 0 or, of the longest frame alone, 1. Text has no such bytes: what begins as text does, and goes on with
 * a fourth byte of 2 or more, is no frame, and the other way round. JSON begins with a brace; all other text is
 * RESP: an array ("*"), or a command as one types it.
 */
export function protocolOf(bytes: Uint8Array, length: number): ClientProtocol | null {
  if (length === 0) return null;
  const first = bytes[0]!;
  if (!isText(first)) return "binary";
  if (length <= LENGTH_HIGH) return null;
  if (bytes[LENGTH_HIGH]! <= 1) return "binary";
  return first === BRACE ? "json" : "resp";
}

/** Printable ASCII, or a line's end. */
const isText = (byte: number): boolean =>
  (byte >= 0x20 && byte <= 0x7e) || byte === 0x0d || byte === 0x0a;
