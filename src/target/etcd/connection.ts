import type { Socket } from "bun";
import { FrameReader, FrameWriter, H2 } from "./frames.ts";
import { HpackDecoder, HpackEncoder } from "./hpack.ts";

/** Of a call whose connection ended before it did. gRPC's own begin with 0: ok. */
export const CALL_LOST = -1;
const REDIAL_MS_MIN = 10;
const REDIAL_MS_MAX = 250;
const OUT_BYTES_MAX = 32 << 20;
/** What we let the server send on; renewed long before it is used up. */
const WINDOW_BYTES = 1 << 30;
const WINDOW_BYTES_DEFAULT = 65_535;
const FRAME_BYTES_DEFAULT = 16_384;
const STREAM_ID_MAX = 2 ** 31 - 1;

export type GrpcEvents = {
  /** Connected, and the server has said how it wants to be spoken to. */
  onOpen(): void;
  /** A call has ended with this status of gRPC; the answer is `body[0, bytes)`, valid during the call. */
  onEnd(tag: number, status: number, message: string, body: Buffer, bytes: number): void;
  /** The ends of one chunk are through. */
  onChunk(): void;
  /** An open connection has ended; all its calls have been ended before that, as CALL_LOST. */
  onLost(): void;
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

/**
 * One HTTP/2 connection to a gRPC server, for unary calls: the frames of a turn leave in one write.
 * Dials until `close`, with growing pauses. By hand, on a bare socket: Bun's node:http2, an object
 * with events a call, takes several times the processor time (docs/targets.md).
 */
export class GrpcConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #events: GrpcEvents;
  readonly #streams = new Map<number, Stream>();
  readonly #spare: Stream[] = [];
  readonly #blocks = new Map<string, Buffer>();
  #socket: Socket | null = null;
  #out = new FrameWriter();
  #reader = new FrameReader();
  #encoder = new HpackEncoder();
  #decoder = new HpackDecoder();
  #isOpen = false;
  #nextId = 1;
  #window = WINDOW_BYTES_DEFAULT;
  #streamWindow = WINDOW_BYTES_DEFAULT;
  #frameBytesMax = FRAME_BYTES_DEFAULT;
  #callsMax = Number.POSITIVE_INFINITY;
  /** Bytes of answers since the server was last told that it may send more. */
  #received = 0;
  #flushPending = false;
  #blocked = false;
  #closed = false;
  #redialMs = REDIAL_MS_MIN;
  #timer: Timer | null = null;

  constructor(host: string, port: number, events: GrpcEvents) {
    this.#host = host;
    this.#port = port;
    this.#events = events;
    void this.#dial();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Begins a call; `message` (with gRPC's prefix) is taken within it. Returns its number, for
   * `cancel`; 0: not connected, or too much is out, and nothing was sent.
   */
  call(path: string, message: Buffer, tag: number): number {
    const isFull = this.#streams.size >= this.#callsMax || this.#out.bytes > OUT_BYTES_MAX;
    if (!this.#isOpen || isFull || this.#nextId > STREAM_ID_MAX) return 0;
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
    this.#flushLater();
    return id;
  }

  /** Nobody waits for its end any more. */
  cancel(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    this.#spare.push(stream);
    this.#out.number(H2.rstStream, id, H2.cancel);
    this.#flushLater();
  }

  /** Ends the connection for good. No event follows. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#isOpen = false;
    socket?.terminate();
  }

  async #dial(): Promise<void> {
    this.#timer = null;
    try {
      await Bun.connect({
        hostname: this.#host,
        port: this.#port,
        socket: {
          open: (socket) => this.#connected(socket),
          data: (socket, chunk) => this.#receive(socket, chunk),
          drain: () => {
            this.#blocked = false;
            this.#flush();
          },
          close: (socket) => this.#lost(socket),
          error: (socket) => this.#lost(socket),
          connectError: () => {}, // The promise rejects too.
        },
      });
    } catch {
      this.#redialLater();
    }
  }

  #redialLater(): void {
    if (this.#closed || this.#timer !== null) return;
    this.#timer = setTimeout(() => void this.#dial(), this.#redialMs);
    this.#redialMs = Math.min(this.#redialMs * 2, REDIAL_MS_MAX);
  }

  #connected(socket: Socket): void {
    if (this.#closed) return void socket.terminate();
    this.#socket = socket;
    this.#out = new FrameWriter();
    this.#reader = new FrameReader();
    this.#encoder = new HpackEncoder();
    this.#decoder = new HpackDecoder();
    this.#blocks.clear();
    this.#nextId = 1;
    this.#window = this.#streamWindow = WINDOW_BYTES_DEFAULT;
    this.#frameBytesMax = FRAME_BYTES_DEFAULT;
    this.#callsMax = Number.POSITIVE_INFINITY;
    this.#received = 0;
    this.#blocked = false;
    this.#out.preface();
    this.#out.settings([
      [H2.enablePush, 0],
      [H2.initialWindowSize, WINDOW_BYTES],
    ]);
    this.#out.number(H2.windowUpdate, 0, WINDOW_BYTES - WINDOW_BYTES_DEFAULT);
    this.#flush();
  }

  #receive(socket: Socket, chunk: Buffer): void {
    if (socket !== this.#socket) return;
    try {
      this.#reader.push(chunk, this.#onFrame);
    } catch {
      this.#lost(socket); // It speaks something else, or bytes were lost.
    }
    this.#renewWindow();
    this.#events.onChunk();
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
        return this.#flushLater();
      case H2.goAway:
        return this.#lostIfAny();
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
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#redialMs = REDIAL_MS_MIN;
    this.#events.onOpen();
  }

  #windowFrame(id: number, more: number): void {
    const stream = this.#streams.get(id);
    if (id === 0) this.#window += more;
    else if (stream !== undefined) stream.window += more;
    this.#sendAllMore();
  }

  #sendAllMore(): void {
    for (const stream of this.#streams.values()) this.#sendMore(stream);
    this.#flushLater();
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
    if (this.#nextId > STREAM_ID_MAX && this.#streams.size === 0) this.#lostIfAny();
  }

  #blockOf(path: string): Buffer {
    const known = this.#blocks.get(path);
    if (known !== undefined) return known;
    const fields = [
      [":authority", `${this.#host}:${this.#port}`],
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
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#flushPending) return;
    this.#flushPending = true;
    setImmediate(this.#flushTurn);
  }

  readonly #flushTurn = (): void => {
    this.#flushPending = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#socket !== null && !this.#blocked) this.#blocked = !this.#out.flush(this.#socket);
  }

  #lostIfAny(): void {
    if (this.#socket !== null) this.#lost(this.#socket);
  }

  #lost(socket: Socket): void {
    if (socket !== this.#socket) return;
    const wasOpen = this.#isOpen;
    this.#socket = null;
    this.#isOpen = false;
    socket.terminate();
    this.#redialLater();
    for (const [id, stream] of [...this.#streams]) {
      stream.status = CALL_LOST;
      this.#end(id);
    }
    if (wasOpen) this.#events.onLost();
  }
}

const newStream = (): Stream => ({
  ...{ id: 0, tag: 0, status: CALL_LOST, message: "", body: Buffer.alloc(256), bytes: 0 },
  ...{ window: 0, unsent: null },
});
