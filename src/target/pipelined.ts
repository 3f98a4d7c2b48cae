import { DialedSocket } from "./dialed-socket.ts";
import { OutQueue, type Sink } from "./out-queue.ts";

const PENDING_BYTES_MAX = 32 << 20;

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
  readonly #protocol: PipelinedProtocol<R>;
  readonly #events: PipelinedEvents<R>;
  readonly #line: DialedSocket;
  #out = new OutQueue(PENDING_BYTES_MAX);
  #reader: ReplyStream<R>;
  /** Of the requests without a reply, oldest first, from #head. */
  #tags: number[] = [];
  #head = 0;
  /** Parts of `hello` that are not answered yet. */
  #unanswered = 0;

  constructor(
    host: string,
    port: number,
    protocol: PipelinedProtocol<R>,
    events: PipelinedEvents<R>,
  ) {
    this.#protocol = protocol;
    this.#events = events;
    this.#reader = protocol.reader();
    this.#line = new DialedSocket({ host, port }, null, {
      onSocket: (socket) => this.#connected(socket),
      onBytes: (chunk) => {
        this.#reader.push(chunk, this.#onReply);
        events.onChunk();
      },
      onFlush: (socket) => this.#out.flush(socket),
      onRoom: (socket) => this.#out.drain(socket),
      onLost: () => events.onClose(this.#tags.splice(this.#head)),
    });
  }

  get isOpen(): boolean {
    return this.#line.isUp && this.#unanswered === 0;
  }

  /** False: not connected, or too much is queued. */
  send(tag: number, request: Uint8Array): boolean {
    if (!this.isOpen || !this.#out.push(request)) return false;
    this.#tags.push(tag);
    this.#line.flushSoon();
    return true;
  }

  /** Ends the connection for good. No event follows. */
  close(): void {
    this.#line.close();
  }

  #connected(socket: Sink): void {
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
    this.#line.proven();
    this.#events.onOpen();
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
    if (!this.#line.isUp) return;
    if (!this.#protocol.accepts(reply)) return this.#line.drop("the server is not ready");
    if (--this.#unanswered === 0) this.#ready();
  }
}
