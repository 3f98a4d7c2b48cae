import type { Socket } from "bun";
import { connectNode } from "../security/connect-node.ts";
import type { Credentials } from "../security/credentials.ts";
import type { Endpoint } from "../security/keyring.ts";
import { WireError } from "../wire/bytes.ts";

const REDIAL_MS_MIN = 10;
const REDIAL_MS_MAX = 250;

/** The protocol that is spoken on the socket of the moment. */
export type DialedEvents = {
  /** There is a new socket. */
  onSocket(socket: Socket): void;
  /** Takes what has come in. Throws WireError: bytes with which nobody can go on; the socket is dropped. */
  onBytes(chunk: Buffer): void;
  /** The end of a turn in which `flushSoon` was called. */
  onFlush(socket: Socket): void;
  /** The socket has room again. */
  onRoom(socket: Socket): void;
  /** The socket has ended; it is dialed again. */
  onLost(reason: string): void;
};

/**
 * The life of a connection, whatever is spoken on it: dials until `close`, again after each loss, with growing
 * pauses. Events are of the socket of the moment only; none comes within a call of the constructor, or after
 * `close`.
 */
export class DialedSocket {
  readonly #endpoint: Endpoint;
  readonly #credentials: Credentials | null;
  readonly #events: DialedEvents;
  #socket: Socket | null = null;
  #flushPending = false;
  #redialMs = REDIAL_MS_MIN;
  #timer: Timer | null = null;
  #closed = false;

  /** `credentials` null: in plain text. */
  constructor(endpoint: Endpoint, credentials: Credentials | null, events: DialedEvents) {
    this.#endpoint = endpoint;
    this.#credentials = credentials;
    this.#events = events;
    void this.#dial();
  }

  /** Whether there is a socket. */
  get isUp(): boolean {
    return this.#socket !== null;
  }

  /** The server is one to go on with: when it is lost, the pauses begin short again. */
  proven(): void {
    this.#redialMs = REDIAL_MS_MIN;
  }

  /** Calls `onFlush` at the end of this turn of the event loop, however often it is called: one write for many. */
  flushSoon(): void {
    if (this.#flushPending) return;
    this.#flushPending = true;
    setImmediate(this.#flushTurn);
  }

  /** Ends the socket, if there is one, and dials again: `onLost` is called within. */
  drop(reason: string): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    socket.terminate();
    this.#redialLater();
    this.#events.onLost(reason);
  }

  /** Ends it for good. */
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
      await connectNode(this.#endpoint, this.#credentials, {
        open: (socket) => this.#opened(socket),
        data: (socket, chunk) => this.#received(socket, chunk),
        drain: (socket) => {
          if (socket === this.#socket) this.#events.onRoom(socket);
        },
        close: (socket) => this.#lost(socket, "closed by the other side"),
        error: (socket, error) => this.#lost(socket, error.message),
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
    this.#events.onSocket(socket);
  }

  #received(socket: Socket, chunk: Buffer): void {
    if (socket !== this.#socket) return;
    try {
      this.#events.onBytes(chunk);
    } catch (error) {
      // Bun would report it to `error` and keep the socket open; a bug, or a server that speaks something
      // else than it is told to, must end the process.
      if (!(error instanceof WireError)) queueMicrotask(() => rethrow(error));
      this.drop((error as Error).message);
    }
  }

  readonly #flushTurn = (): void => {
    this.#flushPending = false;
    if (this.#socket !== null) this.#events.onFlush(this.#socket);
  };

  #lost(socket: Socket, reason: string): void {
    if (socket === this.#socket) this.drop(reason);
  }
}

function rethrow(error: unknown): never {
  throw error;
}
