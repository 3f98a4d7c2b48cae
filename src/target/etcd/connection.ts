import { DialedSocket } from "../dialed-socket.ts";
import { GrpcSession, type SessionEvents } from "./session.ts";

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
  readonly #line: DialedSocket;
  #session: GrpcSession | null = null;

  constructor(host: string, port: number, events: GrpcEvents) {
    this.#line = new DialedSocket({ host, port }, null, {
      onSocket: (socket) => {
        this.#session = new GrpcSession(socket, `${host}:${port}`, {
          onReady: () => {
            this.#line.proven();
            events.onOpen();
          },
          onEnd: events.onEnd,
          onOver: () => this.#line.drop("the server takes no more calls"),
          onQueued: () => this.#line.flushSoon(),
        });
      },
      onBytes: (chunk) => {
        this.#session!.receive(chunk);
        events.onChunk();
      },
      onFlush: () => this.#session!.flush(),
      onRoom: () => this.#session!.drain(),
      onLost: () => {
        const session = this.#session!;
        const wasOpen = session.isReady;
        this.#session = null;
        session.abandon();
        if (wasOpen) events.onLost();
      },
    });
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
    this.#line.close();
    this.#session = null;
  }
}
