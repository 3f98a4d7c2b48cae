/** A reply of Redis: a number, bytes, null, an array of these, or an error. */
export type Reply = number | Buffer | null | readonly Reply[] | { readonly error: string };

const CR = 0x0d;
const NEED_MORE = Symbol("need more");

/** A command in RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export function encodeCommand(parts: readonly (string | Uint8Array)[]): Buffer {
  const pieces: Uint8Array[] = [Buffer.from(`*${parts.length}\r\n`)];
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(pieces);
}

/** Cuts a stream of bytes into replies. Throws when the bytes are no RESP2. */
export class ReplyReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Calls `onReply` for each reply that is now complete. */
  push(chunk: Uint8Array, onReply: (reply: Reply) => void): void {
    this.#bytes =
      this.#bytes.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#bytes, chunk]);
    this.#at = 0;
    for (;;) {
      const start = this.#at;
      const reply = this.#next();
      if (reply === NEED_MORE) {
        this.#bytes = this.#bytes.subarray(start);
        return;
      }
      onReply(reply);
    }
  }

  #next(): Reply | typeof NEED_MORE {
    const end = this.#bytes.indexOf(CR, this.#at);
    if (end === -1 || end + 2 > this.#bytes.length) return NEED_MORE;
    const kind = String.fromCharCode(this.#bytes[this.#at]!);
    const line = this.#bytes.toString("latin1", this.#at + 1, end);
    this.#at = end + 2;
    switch (kind) {
      case ":":
        return Number(line);
      case "+":
        return Buffer.from(line, "latin1");
      case "-":
        return { error: line };
      case "$":
        return this.#bulk(Number(line));
      case "*":
        return this.#array(Number(line));
      default:
        throw new Error(`a reply of kind ${JSON.stringify(kind)}`);
    }
  }

  #bulk(length: number): Buffer | null | typeof NEED_MORE {
    if (length < 0) return null;
    const end = this.#at + length;
    if (end + 2 > this.#bytes.length) return NEED_MORE;
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end + 2;
    return bytes;
  }

  #array(length: number): readonly Reply[] | null | typeof NEED_MORE {
    if (length < 0) return null;
    const items: Reply[] = [];
    while (items.length < length) {
      const item = this.#next();
      if (item === NEED_MORE) return NEED_MORE;
      items.push(item);
    }
    return items;
  }
}
