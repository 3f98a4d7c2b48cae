import type { Sink } from "../out-queue.ts";

/** Numbers of HTTP/2 (RFC 9113): types of frames, flags, settings, errors. */
export const H2 = {
  ...{ data: 0, headers: 1, rstStream: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 },
  continuation: 9,
  ...{ ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 },
  ...{ enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5 },
  cancel: 8,
} as const;

const HEAD_BYTES = 9;
const PRIORITY_BYTES = 5;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const NO_BYTES: Buffer = Buffer.alloc(0);

/** The payload is `bytes[at, end)`, without padding and priority. */
export type TakeFrame = (
  type: number,
  flags: number,
  stream: number,
  bytes: Buffer,
  at: number,
  end: number,
) => void;

/** Cuts a byte stream into frames; headers in several frames come as one. */
export class FrameReader {
  #rest = NO_BYTES;
  /** Headers whose end is still to come. */
  #block = NO_BYTES;
  #blockFlags = 0;

  /** Throws an Error for a frame that is not sound. */
  push(chunk: Buffer, take: TakeFrame): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + HEAD_BYTES <= bytes.length) {
      const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#frame(bytes, at, end, take);
      at = end;
    }
    // A copy: what came in is not ours to keep.
    this.#rest = at === bytes.length ? NO_BYTES : Buffer.from(bytes.subarray(at));
  }

  #frame(bytes: Buffer, head: number, frameEnd: number, take: TakeFrame): void {
    const type = bytes[head + 3]!;
    const flags = bytes[head + 4]!;
    const stream = bytes.readUInt32BE(head + 5) & 0x7fffffff;
    let at = head + HEAD_BYTES;
    let end = frameEnd;
    const isHeaders = type === H2.headers;
    if ((isHeaders || type === H2.data) && (flags & H2.padded) !== 0) end -= bytes[at++] ?? 0;
    if (isHeaders && (flags & H2.priority) !== 0) at += PRIORITY_BYTES;
    if (at > end) throw new Error("HTTP/2: a frame shorter than it says");
    if (!isHeaders && type !== H2.continuation) return take(type, flags, stream, bytes, at, end);
    if (isHeaders && (flags & H2.endHeaders) !== 0) {
      return take(type, flags, stream, bytes, at, end);
    }
    if (isHeaders) this.#blockFlags = flags;
    this.#block = Buffer.concat([isHeaders ? NO_BYTES : this.#block, bytes.subarray(at, end)]);
    if ((flags & H2.endHeaders) === 0) return;
    take(H2.headers, this.#blockFlags, stream, this.#block, 0, this.#block.length);
  }
}

/** Frames that are to be sent, in one buffer that is used again and again. */
export class FrameWriter {
  #bytes: Buffer = Buffer.allocUnsafe(64 << 10);
  #from = 0;
  #to = 0;

  /** That wait to be sent. */
  get bytes(): number {
    return this.#to - this.#from;
  }

  preface(): void {
    this.#room(PREFACE.length);
    this.#to += this.#bytes.write(PREFACE, this.#to, "latin1");
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.#head(H2.settings, 0, 0, 6 * settings.length);
    for (const [id, value] of settings) {
      this.#to = this.#bytes.writeUInt16BE(id, this.#to);
      this.#to = this.#bytes.writeUInt32BE(value, this.#to);
    }
  }

  /** A frame whose payload is one number: of a window, or an error. */
  number(type: number, stream: number, value: number): void {
    this.#head(type, 0, stream, 4);
    this.#to = this.#bytes.writeUInt32BE(value, this.#to);
  }

  /** A frame with the payload `bytes[at, end)`, which is copied. */
  frame(type: number, flags: number, stream: number, bytes: Buffer, at: number, end: number): void {
    this.#head(type, flags, stream, end - at);
    this.#to += bytes.copy(this.#bytes, this.#to, at, end);
  }

  /** Writes what the socket takes; false: it took a part, the rest is for its `drain`. */
  flush(socket: Sink): boolean {
    if (this.bytes === 0) return true;
    // -1: the socket is closed, and its close handler ends the connection.
    this.#from += Math.max(0, socket.write(this.#bytes, this.#from, this.bytes));
    if (this.#from < this.#to) return false;
    this.#from = this.#to = 0;
    return true;
  }

  #head(type: number, flags: number, stream: number, length: number): void {
    this.#room(HEAD_BYTES + length);
    const at = this.#to;
    this.#bytes.writeUIntBE(length, at, 3);
    this.#bytes[at + 3] = type;
    this.#bytes[at + 4] = flags;
    this.#to = this.#bytes.writeUInt32BE(stream, at + 5);
  }

  #room(bytes: number): void {
    if (this.#to + bytes <= this.#bytes.length) return;
    const waiting = this.#bytes.subarray(this.#from, this.#to);
    const isRoomy = this.bytes + bytes <= this.#bytes.length / 2;
    const next = isRoomy ? this.#bytes : Buffer.allocUnsafe(2 * (this.bytes + bytes));
    waiting.copy(next, 0);
    this.#to -= this.#from;
    this.#from = 0;
    this.#bytes = next;
  }
}
