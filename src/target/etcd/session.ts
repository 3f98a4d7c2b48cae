import type { Sink } from "../out-queue.ts";
import { FrameReader, FrameWriter, H2 } from "./frames.ts";
import { HpackDecoder, HpackEncoder } from "./hpack.ts";

/** Of a call whose connection ended before it did. gRPC's own begin with 0: ok. */
export const CALL_LOST = -1;
const OUT_BYTES_MAX = 32 << 20;
/** What we let the server send on; renewed long before it is used up. */
const WINDOW_BYTES = 1 << 30;
const WINDOW_BYTES_DEFAULT = 65_535;
const FRAME_BYTES_DEFAULT = 16_384;
const STREAM_ID_MAX = 2 ** 31 - 1;

export type SessionEvents = {
  /** The server has said how it wants to be spoken to. */
  onReady(): void;
  /** A call has ended with this status of gRPC; the answer is `body[0, bytes)`, valid during the call. */
  onEnd(tag: number, status: number, message: string, body: Buffer, bytes: number): void;
  /** The server wants no more calls, or there are no more numbers for them: `abandon` it. */
  onOver(): void;
  /** There is something to `flush` at the end of the turn. */
  onQueued(): void;
};

/** A call that is out. Reused: a call leaves no garbage. */
type Stream = {
  id: number;
  tag: number;
  status: number;
  message: string;
  body: Buffer;
  bytes: number;
  /** Bytes that the server takes before it says more. */
  window: number;
  /** Of the request, what there was no window for yet; null: all is sent. */
  unsent: Buffer | null;
};

/** The HTTP/2 of one connected socket, for unary calls of gRPC: the frames of a turn leave in one write. */
export class GrpcSession {
  readonly #socket: Sink;
  readonly #authority: string;
  readonly #events: SessionEvents;
  readonly #streams = new Map<number, Stream>();
  readonly #spare: Stream[] = [];
  /** Headers of each path, as they are encoded now. */
  readonly #blocks = new Map<string, Buffer>();
  readonly #out = new FrameWriter();
  readonly #reader = new FrameReader();
  readonly #encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder();
  #isReady = false;
  #nextId = 1;
  #window = WINDOW_BYTES_DEFAULT;
  #streamWindow = WINDOW_BYTES_DEFAULT;
  #frameBytesMax = FRAME_BYTES_DEFAULT;
  #callsMax = Number.POSITIVE_INFINITY;
  /** Bytes of answers since the server was last told that it may send more. */
  #received = 0;
  #blocked = false;

  constructor(socket: Sink, authority: string, events: SessionEvents) {
    this.#socket = socket;
    this.#authority = authority;
    this.#events = events;
    this.#out.preface();
    this.#out.settings([
      [H2.enablePush, 0],
      [H2.initialWindowSize, WINDOW_BYTES],
    ]);
    this.#out.number(H2.windowUpdate, 0, WINDOW_BYTES - WINDOW_BYTES_DEFAULT);
    this.flush();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Begins a call; `message` (with gRPC's prefix) is taken within it. Returns its number, for
   * `cancel`; 0: not connected, or too much is out, and nothing was sent.
   */
  call(path: string, message: Buffer, tag: number): number {
    const isFull = this.#streams.size >= this.#callsMax || this.#out.bytes > OUT_BYTES_MAX;
    if (!this.#isReady || isFull || this.#nextId > STREAM_ID_MAX) return 0;
    const stream = this.#spare.pop() ?? newStream();
    const id = this.#nextId;
    this.#nextId += 2;
    stream.id = id;
    stream.tag = tag;
    stream.status = CALL_LOST;
    stream.message = "";
    stream.bytes = 0;
    stream.window = this.#streamWindow;
    stream.unsent = null;
    this.#streams.set(id, stream);
    const block = this.#blockOf(path);
    this.#out.frame(H2.headers, H2.endHeaders, id, block, 0, block.length);
    const fits = Math.min(this.#window, stream.window, this.#frameBytesMax);
    if (message.length <= fits) {
      this.#out.frame(H2.data, H2.endStream, id, message, 0, message.length);
      this.#window -= message.length;
      stream.window -= message.length;
    } else {
      stream.unsent = Buffer.from(message);
      this.#sendMore(stream);
    }
    this.#events.onQueued();
    return id;
  }

  /** Nobody waits for its end any more. */
  cancel(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    this.#spare.push(stream);
    this.#out.number(H2.rstStream, id, H2.cancel);
    this.#events.onQueued();
  }

  /** Takes what has come in. Throws an Error for bytes that no server of HTTP/2 sends. */
  receive(chunk: Buffer): void {
    this.#reader.push(chunk, this.#onFrame);
    this.#renewWindow();
  }

  /** Writes what is queued, if the socket is not known to be full. */
  flush(): void {
    if (!this.#blocked) this.#blocked = !this.#out.flush(this.#socket);
  }

  /** The socket has room again. */
  drain(): void {
    this.#blocked = false;
    this.flush();
  }

  /** Its socket has ended: so do all calls, as CALL_LOST. */
  abandon(): void {
    this.#isReady = false;
    for (const [id, stream] of [...this.#streams]) {
      stream.status = CALL_LOST;
      this.#end(id);
    }
  }

  readonly #onFrame = (
    type: number,
    flags: number,
    id: number,
    bytes: Buffer,
    at: number,
    end: number,
  ): void => {
    switch (type) {
      case H2.data:
        return this.#dataFrame(flags, id, bytes, at, end);
      case H2.headers:
        return this.#headersFrame(flags, id, bytes.subarray(at, end));
      case H2.rstStream:
        return this.#end(id);
      case H2.settings:
        return (flags & H2.ack) === 0 ? this.#settingsFrame(bytes, at, end) : undefined;
      case H2.ping:
        if ((flags & H2.ack) !== 0) return;
        this.#out.frame(H2.ping, H2.ack, 0, bytes, at, end);
        return this.#events.onQueued();
      case H2.goAway:
        return this.#events.onOver();
      case H2.windowUpdate:
        return this.#windowFrame(id, bytes.readUInt32BE(at));
    }
  };

  #dataFrame(flags: number, id: number, bytes: Buffer, at: number, end: number): void {
    this.#received += end - at;
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const needed = stream.bytes + end - at;
    if (needed > stream.body.length) {
      stream.body = Buffer.concat([stream.body.subarray(0, stream.bytes)], 2 * needed);
    }
    bytes.copy(stream.body, stream.bytes, at, end);
    stream.bytes = needed;
    if ((flags & H2.endStream) !== 0) this.#end(id);
  }

  #headersFrame(flags: number, id: number, block: Buffer): void {
    const stream = this.#streams.get(id);
    // Also of a call that nobody waits for: the fields count for those that follow.
    this.#decoder.decode(block, ({ name, value }) => {
      if (stream === undefined) return;
      if (name === "grpc-status") stream.status = Number(value);
      if (name === "grpc-message") stream.message = decodeURIComponent(value);
    });
    if ((flags & H2.endStream) !== 0) this.#end(id);
  }

  #settingsFrame(bytes: Buffer, from: number, end: number): void {
    for (let at = from; at + 6 <= end; at += 6) {
      const value = bytes.readUInt32BE(at + 2);
      const id = bytes.readUInt16BE(at);
      if (id === H2.maxConcurrentStreams) this.#callsMax = value;
      if (id === H2.maxFrameSize) this.#frameBytesMax = value;
      if (id !== H2.initialWindowSize) continue;
      for (const stream of this.#streams.values()) stream.window += value - this.#streamWindow;
      this.#streamWindow = value;
    }
    this.#out.frame(H2.settings, H2.ack, 0, bytes, 0, 0);
    this.#sendAllMore();
    if (this.#isReady) return;
    this.#isReady = true;
    this.#events.onReady();
  }

  #windowFrame(id: number, more: number): void {
    const stream = this.#streams.get(id);
    if (id === 0) this.#window += more;
    else if (stream !== undefined) stream.window += more;
    this.#sendAllMore();
  }

  #sendAllMore(): void {
    for (const stream of this.#streams.values()) this.#sendMore(stream);
    this.#events.onQueued();
  }

  /** Sends what the windows have room for. */
  #sendMore(stream: Stream): void {
    for (let rest = stream.unsent; rest !== null; rest = stream.unsent) {
      const count = Math.min(rest.length, this.#window, stream.window, this.#frameBytesMax);
      if (count <= 0) return;
      const flags = count === rest.length ? H2.endStream : 0;
      this.#out.frame(H2.data, flags, stream.id, rest, 0, count);
      this.#window -= count;
      stream.window -= count;
      stream.unsent = count === rest.length ? null : rest.subarray(count);
    }
  }

  #end(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    this.#events.onEnd(stream.tag, stream.status, stream.message, stream.body, stream.bytes);
    this.#spare.push(stream);
    // Its numbers are used up: another connection has them all again.
    if (this.#nextId > STREAM_ID_MAX && this.#streams.size === 0) this.#events.onOver();
  }

  #blockOf(path: string): Buffer {
    const known = this.#blocks.get(path);
    if (known !== undefined) return known;
    const fields = [
      [":authority", this.#authority],
      [":path", path], // Names with a colon come first.
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      // A node that knows no leader says so at once, instead of waiting for one.
      ["hasleader", "true"],
    ] as const;
    const said = this.#encoder.fields;
    const first = this.#encoder.encode(fields);
    // Whatever is new moves the places of all that has been said before.
    if (this.#encoder.fields > said) this.#blocks.clear();
    this.#blocks.set(path, this.#encoder.encode(fields));
    return first;
  }

  #renewWindow(): void {
    if (this.#received < WINDOW_BYTES / 2) return;
    this.#out.number(H2.windowUpdate, 0, this.#received);
    this.#received = 0;
    this.#events.onQueued();
  }
}

const newStream = (): Stream => ({
  ...{ id: 0, tag: 0, status: CALL_LOST, message: "", body: Buffer.alloc(256), bytes: 0 },
  ...{ window: 0, unsent: null },
});
