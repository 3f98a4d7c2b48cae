import type { Socket } from "bun";
import { OutQueue } from "./out-queue.ts";

const PENDING_BYTES_MAX = 32 << 20;
const REDIAL_MS_MIN = 10;
const REDIAL_MS_MAX = 250;

/** Finds the replies in a stream of bytes. */
export type ReplyStream<R> = { push(chunk: Uint8Array, onReply: (reply: R) => void): void };

/** A protocol in which replies come in the order of the requests. */
export type PipelinedProtocol<R> = {
  /** Of a new connection. */
  reader(): ReplyStream<R>;
  /** What has to be sent and answered before anything else. */
  readonly hello: readonly Uint8Array[];
  /** Whether this reply to a part of `hello` is one to go on with; if not, the server is dialed again. */
  accepts(reply: R): boolean;
};

export type PipelinedEvents<R> = {
  /** Connected, and `hello` is answered. */
  onOpen(): void;
  /** The reply to the oldest request without one, which was sent with `tag`. */
  onReply(tag: number, reply: R): void;
  /** The replies of one chunk are through. */
  onChunk(): void;
  /** An open connection has ended: these will have no reply. */
  onClose(tags: readonly number[]): void;
};

/**
 * One connection on which requests do not wait for each other: those of a turn leave in one write,
 * replies come in the same order. Dials until `close`, with growing pauses.
 */
export class PipelinedConnection<R> {
  readonly #host: string;
  readonly #port: number;
  readonly #protocol: PipelinedProtocol<R>;
  readonly #events: PipelinedEvents<R>;
  #socket: Socket | null = null;
  #out = new OutQueue(PENDING_BYTES_MAX);
  #reader: ReplyStream<R>;
  /** Of the requests without a reply, oldest first, from #head. */
  #tags: number[] = [];
  #head = 0;
  /** Parts of `hello` that are not answered yet. */
  #unanswered = 0;
  #flushPending = false;
  #redialMs = REDIAL_MS_MIN;
  #timer: Timer | null = null;
  #closed = false;

  constructor(
    host: string,
    port: number,
    protocol: PipelinedProtocol<R>,
    events: PipelinedEvents<R>,
  ) {
    this.#host = host;
    this.#port = port;
    this.#protocol = protocol;
    this.#events = events;
    this.#reader = protocol.reader();
    void this.#dial();
  }

  get isOpen(): boolean {
    return this.#socket !== null && this.#unanswered === 0;
  }

  /** False: not connected, or too much is queued. */
  send(tag: number, request: Uint8Array): boolean {
    if (!this.isOpen || !this.#out.push(request)) return false;
    this.#tags.push(tag);
    if (!this.#flushPending) {
      this.#flushPending = true;
      setImmediate(this.#flushTurn);
    }
    return true;
  }

  /** Ends the connection for good. No event follows. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.terminate();
  }

  async #dial(): Promise<void> {
    this.#timer = null;
    try {
      await Bun.connect({
        hostname: this.#host,
        port: this.#port,
        socket: {
          open: (socket) => this.#opened(socket),
          data: (socket, chunk) => this.#received(socket, chunk),
          drain: (socket) => this.#out.drain(socket),
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

  #opened(socket: Socket): void {
    if (this.#closed) return void socket.terminate();
    this.#socket = socket;
    this.#out = new OutQueue(PENDING_BYTES_MAX);
    this.#reader = this.#protocol.reader();
    this.#tags = [];
    this.#head = 0;
    const { hello } = this.#protocol;
    this.#unanswered = hello.length;
    if (hello.length === 0) return this.#ready();
    for (const piece of hello) this.#out.push(piece);
    this.#out.flush(socket);
  }

  #ready(): void {
    this.#redialMs = REDIAL_MS_MIN;
    this.#events.onOpen();
  }

  #received(socket: Socket, chunk: Uint8Array): void {
    if (socket !== this.#socket) return;
    try {
      this.#reader.push(chunk, this.#onReply);
    } catch (error) {
      // Bun would swallow it; a bug, or a server that speaks something else, must end the process.
      queueMicrotask(() => {
        throw error;
      });
    }
    this.#events.onChunk();
  }

  readonly #onReply = (reply: R): void => {
    if (this.#unanswered > 0) return this.#greeted(reply);
    const tag = this.#tags[this.#head++];
    if (tag === undefined) throw new Error("a reply that nobody asked for");
    if (this.#head > 1024 && this.#head * 2 > this.#tags.length) {
      this.#tags.splice(0, this.#head);
      this.#head = 0;
    }
    this.#events.onReply(tag, reply);
  };

  #greeted(reply: R): void {
    if (this.#socket === null) return;
    if (!this.#protocol.accepts(reply)) return this.#lost(this.#socket);
    if (--this.#unanswered === 0) this.#ready();
  }

  readonly #flushTurn = (): void => {
    this.#flushPending = false;
    if (this.#socket !== null) this.#out.flush(this.#socket);
  };

  #lost(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    socket.terminate();
    this.#redialLater();
    this.#events.onClose(this.#tags.splice(this.#head));
  }
}
