import { VALUE_BYTES_MAX } from "../kv/command.ts";
import { WireError } from "./bytes.ts";
import { ChunkBuffer } from "./chunk-buffer.ts";

/** One line: a value of VALUE_BYTES_MAX in base64 or with every other character escaped. */
export const JSON_LINE_BYTES_MAX = 2 * VALUE_BYTES_MAX;

const LF = 0x0a;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Cuts a stream of bytes into lines. `next` throws WireError on one that is too long, or is not UTF-8. */
export class LineReader {
  readonly #input = new ChunkBuffer();
  #looked = 0;

  /** Bytes that came and are not taken yet. */
  get buffered(): number {
    return this.#input.size;
  }

  feed(chunk: Uint8Array): void {
    this.#looked = Math.max(0, this.#looked - this.#input.feed(chunk));
  }

  /** The next line, without its end; null: it has not come whole. */
  next(): string | null {
    const { bytes, start, end } = this.#input;
    const lineFeed = bytes.indexOf(LF, Math.max(start, this.#looked));
    const isWhole = lineFeed !== -1 && lineFeed < end;
    if ((isWhole ? lineFeed : end) - start > JSON_LINE_BYTES_MAX) {
      throw new WireError(`a line is longer than ${JSON_LINE_BYTES_MAX} bytes`);
    }
    this.#looked = isWhole ? lineFeed + 1 : end;
    if (!isWhole) return null;
    this.#input.start = lineFeed + 1;
    try {
      return utf8.decode(bytes.subarray(start, lineFeed));
    } catch {
      throw new WireError("a line is not UTF-8");
    }
  }
}
