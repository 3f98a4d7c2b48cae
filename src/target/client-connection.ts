import type { Command } from "../kv/command.ts";
import type { Credentials } from "../security/credentials.ts";
import { credentialsFor } from "../security/keyring.ts";
import { readAuthReply } from "../wire/auth.ts";
import { WireError } from "../wire/bytes.ts";
import { eachResponse, type Response } from "../wire/client.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { DialedSocket } from "./dialed-socket.ts";
import { GroupRequests } from "./group-requests.ts";
import type { ByteSink } from "./request-buffer.ts";

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

/**
 * One client connection over TCP in the protocol of wire/client.ts. Dials until `close`, with
 * growing pauses. The requests of one event-loop turn to one group leave as one frame in one write.
 */
export class ClientConnection {
  readonly #events: ClientConnectionEvents;
  readonly #out: GroupRequests;
  readonly #line: DialedSocket;
  #reader = new FrameReader();
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
    this.#events = events;
    this.#out = new GroupRequests(pendingBytesMax);
    this.#line = new DialedSocket({ host, port }, credentials, {
      onSocket: () => {
        this.#reader = new FrameReader();
        this.#out.clear();
        this.#line.proven();
        events.onOpen();
      },
      onBytes: (chunk) => {
        this.#now = performance.now();
        this.#reader.push(chunk, this.#onFrame);
      },
      onFlush: (socket) => this.#flush(socket),
      onRoom: (socket) => this.#flush(socket),
      onLost: (reason) => {
        this.#out.clear();
        events.onClose(reason);
      },
    });
  }

  get isOpen(): boolean {
    return this.#line.isUp;
  }

  /** Queues one request to `group` until the end of the turn. False: not connected or too much is queued. */
  request(requestId: number, command: Command, group: number): boolean {
    if (!this.#line.isUp || !this.#out.add(group, requestId, command)) return false;
    this.#line.flushSoon();
    return true;
  }

  /** Ends the connection for good. No event follows. */
  close(): void {
    this.#line.close();
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

  #flush(socket: ByteSink): void {
    if (!this.#out.flush(socket)) this.#line.drop("write failed");
  }
}
