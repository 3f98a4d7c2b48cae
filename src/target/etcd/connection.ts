import type { Socket } from "bun";
import { GrpcSession, type SessionEvents } from "./session.ts";

const REDIAL_MS_MIN = 10;
const REDIAL_MS_MAX = 250;

export type GrpcEvents = Pick<SessionEvents, "onEnd"> & {
  /** Connected, and the server has said how it wants to be spoken to. */
  onOpen(): void;
  /** The ends of one chunk are through. */
  onChunk(): void;
  /** An open connection has ended; all its calls have been ended before that, as CALL_LOST. */
  onLost(): void;
};

/**
 * A connection to a gRPC server that dials until `close`, with growing pauses. By hand, on a bare
 * socket: Bun's node:http2, an object with events a call, takes several times the processor time
 * (docs/bench.md).
 */
export class GrpcConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #events: GrpcEvents;
  #socket: Socket | null = null;
  #session: GrpcSession | null = null;
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
    return this.#session?.isReady ?? false;
  }

  /** As GrpcSession's. */
  call(path: string, message: Buffer, tag: number): number {
    return this.#session?.call(path, message, tag) ?? 0;
  }

  /** Nobody waits for its end any more. */
  cancel(id: number): void {
    this.#session?.cancel(id);
  }

  /** Ends the connection for good. No event follows. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#session = null;
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
          data: (socket, chunk) => this.#received(socket, chunk),
          drain: (socket) => {
            if (socket === this.#socket) this.#session?.drain();
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
    this.#session = new GrpcSession(socket, `${this.#host}:${this.#port}`, {
      onReady: () => {
        this.#redialMs = REDIAL_MS_MIN;
        this.#events.onOpen();
      },
      onEnd: this.#events.onEnd,
      onOver: () => this.#lost(socket),
    });
  }

  #received(socket: Socket, chunk: Buffer): void {
    if (socket !== this.#socket) return;
    try {
      this.#session?.receive(chunk);
    } catch (error) {
      // Bun would swallow it; a bug, or a server that speaks something else, must end the process.
      queueMicrotask(() => {
        throw error;
      });
    }
    this.#events.onChunk();
  }

  #lost(socket: Socket): void {
    if (socket !== this.#socket) return;
    const session = this.#session;
    const wasOpen = this.isOpen;
    this.#socket = null;
    this.#session = null;
    socket.terminate();
    this.#redialLater();
    session?.abandon();
    if (wasOpen) this.#events.onLost();
  }
}
