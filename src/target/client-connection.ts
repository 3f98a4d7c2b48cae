import type { Socket } from "bun";
import type { Command } from "../kv/command.ts";
import { connectNode } from "../security/connect-node.ts";
import type { Credentials } from "../security/credentials.ts";
import { credentialsFor } from "../security/keyring.ts";
import { readAuthReply } from "../wire/auth.ts";
import { WireError } from "../wire/bytes.ts";
import { eachResponse, type Response } from "../wire/client.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { GroupRequests } from "./group-requests.ts";

export type ClientConnectionEvents = {
  onOpen(): void;
  /**
   * One response of `group`; `response` is reused, `body` holds its value. `now`: performance.now() of
   * arrival.
   */
  onResponse(response: Response, body: Uint8Array, now: number, group: number): void;
  /** An open connection has ended: what was sent and not answered will not be. It dials again. */
  onClose(reason: string): void;
};

const PENDING_BYTES_MAX = 32 << 20;
const REDIAL_MS_MIN = 10;
const REDIAL_MS_MAX = 250;

/**
 * One client connection over TCP in the protocol of wire/client.ts. Dials until `close`, with
 * growing pauses. The requests of one event-loop turn to one group leave as one frame in one write.
 */
export class ClientConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #credentials: Credentials | null;
  readonly #events: ClientConnectionEvents;
  readonly #out: GroupRequests;
  #socket: Socket | null = null;
  #reader = new FrameReader();
  #redialMs = REDIAL_MS_MIN;
  #redialTimer: Timer | null = null;
  #flushPending = false;
  #closed = false;
  #closeReason = "";
  /** The frame being read, for #onResponse. */
  #body: Uint8Array = new Uint8Array(0);
  #group = 0;
  #now = 0;

  /** `credentials` null: in plain text; default: as the process knows the address (security/keyring.ts). */
  constructor(
    host: string,
    port: number,
    events: ClientConnectionEvents,
    pendingBytesMax = PENDING_BYTES_MAX,
    credentials: Credentials | null = credentialsFor(host, port),
  ) {
    this.#host = host;
    this.#port = port;
    this.#credentials = credentials;
    this.#events = events;
    this.#out = new GroupRequests(pendingBytesMax);
    void this.#dial();
  }

  get isOpen(): boolean {
    return this.#socket !== null;
  }

  /** Queues one request to `group` until the end of the turn. False: not connected or too much is queued. */
  request(requestId: number, command: Command, group: number): boolean {
    if (this.#socket === null || !this.#out.add(group, requestId, command)) return false;
    if (!this.#flushPending) {
      this.#flushPending = true;
      setImmediate(this.#flushTurn);
    }
    return true;
  }

  /** Ends the connection for good. No event follows. */
  close(): void {
    this.#closed = true;
    if (this.#redialTimer !== null) clearTimeout(this.#redialTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.terminate();
  }

  async #dial(): Promise<void> {
    this.#redialTimer = null;
    try {
      await connectNode({ host: this.#host, port: this.#port }, this.#credentials, {
        open: (socket) => this.#opened(socket),
        data: (socket, chunk) => this.#received(socket, chunk),
        drain: (socket) => this.#drained(socket),
        close: (socket) => this.#lost(socket, this.#closeReason || "closed by the other side"),
        error: (socket, error) => this.#drop(socket, error.message),
      });
    } catch {
      this.#redialLater();
    }
  }

  #redialLater(): void {
    if (this.#closed || this.#redialTimer !== null) return;
    this.#redialTimer = setTimeout(() => void this.#dial(), this.#redialMs);
    this.#redialMs = Math.min(this.#redialMs * 2, REDIAL_MS_MAX);
  }

  #opened(socket: Socket): void {
    if (this.#closed) {
      socket.terminate();
      return;
    }
    this.#socket = socket;
    this.#reader = new FrameReader();
    this.#out.clear();
    this.#closeReason = "";
    this.#redialMs = REDIAL_MS_MIN;
    this.#events.onOpen();
  }

  #received(socket: Socket, chunk: Uint8Array): void {
    if (socket !== this.#socket) return;
    this.#now = performance.now();
    try {
      this.#reader.push(chunk, this.#onFrame);
    } catch (error) {
      // Bun would report it to `error` and keep the socket open; a bug must end the process.
      if (!(error instanceof WireError)) queueMicrotask(() => rethrow(error));
      this.#drop(socket, (error as Error).message);
    }
  }

  readonly #onFrame = (frame: Frame): void => {
    if (frame.kind === KIND.authReply) {
      throw new WireError(`the node refuses: ${readAuthReply(frame.body).refusal ?? "nothing"}`);
    }
    if (frame.kind !== KIND.clientResponses) {
      throw new WireError(`frame of kind ${frame.kind} where clientResponses belongs`);
    }
    this.#body = frame.body;
    this.#group = frame.group;
    eachResponse(frame.body, this.#onResponse);
  };

  readonly #onResponse = (response: Response): void =>
    this.#events.onResponse(response, this.#body, this.#now, this.#group);

  readonly #flushTurn = (): void => {
    this.#flushPending = false;
    if (this.#socket !== null) this.#drained(this.#socket);
  };

  #drained(socket: Socket): void {
    if (socket === this.#socket && !this.#out.flush(socket)) this.#drop(socket, "write failed");
  }

  #drop(socket: Socket, reason: string): void {
    this.#closeReason = reason;
    socket.terminate();
    this.#lost(socket, reason);
  }

  #lost(socket: Socket, reason: string): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#out.clear();
    this.#redialLater();
    this.#events.onClose(reason);
  }
}

function rethrow(error: unknown): never {
  throw error;
}
