import type { Socket } from "bun";
import { OutQueue } from "../out-queue.ts";
import { encodeCommand, type Reply, ReplyReader } from "./resp.ts";
import { ALL_SCRIPTS } from "./scripts.ts";

const PENDING_BYTES_MAX = 32 << 20;
const REDIAL_MS_MIN = 10;
const REDIAL_MS_MAX = 250;

export type RedisConnectionEvents = {
  /** Connected, and the server has the scripts. */
  onOpen(): void;
  /** The reply to the oldest command without one, which was sent with `tag`. */
  onReply(tag: number, reply: Reply): void;
  /** The replies of one chunk are through. */
  onChunk(): void;
  /** An open connection has ended: these will have no reply. */
  onClose(tags: readonly number[]): void;
};

/**
 * One pipelining connection to Redis: the commands of a turn leave in one write, replies come in the
 * same order. Dials until `close`, with growing pauses.
 */
export class RedisConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #events: RedisConnectionEvents;
  #socket: Socket | null = null;
  #out = new OutQueue(PENDING_BYTES_MAX);
  #reader = new ReplyReader();
  /** Of the commands without a reply, oldest first, from #head. */
  #tags: number[] = [];
  #head = 0;
  /** Scripts that the server has not taken yet. */
  #unloaded = 0;
  #flushPending = false;
  #redialMs = REDIAL_MS_MIN;
  #timer: Timer | null = null;
  #closed = false;

  constructor(host: string, port: number, events: RedisConnectionEvents) {
    this.#host = host;
    this.#port = port;
    this.#events = events;
    void this.#dial();
  }

  get isOpen(): boolean {
    return this.#socket !== null && this.#unloaded === 0;
  }

  /** False: not connected, or too much is queued. */
  send(tag: number, parts: readonly (string | Uint8Array)[]): boolean {
    if (!this.isOpen || !this.#out.push(encodeCommand(parts))) return false;
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
    this.#reader = new ReplyReader();
    this.#tags = [];
    this.#head = 0;
    this.#unloaded = ALL_SCRIPTS.length;
    for (const { text } of ALL_SCRIPTS) this.#out.push(encodeCommand(["SCRIPT", "LOAD", text]));
    this.#out.flush(socket);
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

  readonly #onReply = (reply: Reply): void => {
    if (this.#unloaded > 0) return this.#loaded(reply);
    const tag = this.#tags[this.#head++];
    if (tag === undefined) throw new Error("a reply that nobody asked for");
    if (this.#head > 1024 && this.#head * 2 > this.#tags.length) {
      this.#tags.splice(0, this.#head);
      this.#head = 0;
    }
    this.#events.onReply(tag, reply);
  };

  /** A server that still reads its data takes no script: then it is dialed again. */
  #loaded(reply: Reply): void {
    if (this.#socket === null) return;
    if (!Buffer.isBuffer(reply)) return this.#lost(this.#socket);
    if (--this.#unloaded > 0) return;
    this.#redialMs = REDIAL_MS_MIN;
    this.#events.onOpen();
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
