import type { Socket } from "bun";
import { connectNode } from "../security/connect-node.ts";
import { credentialsFor } from "../security/keyring.ts";
import { type Command, commandBytes, writeCommand } from "../kv/command.ts";
import { WireError } from "../wire/bytes.ts";
import { eachResponse, type Response } from "../wire/client.ts";
import { beginFrame, endFrame, type Frame, FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { FrameWriter } from "./frame-writer.ts";

const PENDING_BYTES_MAX = 32 << 20;
const REDIAL_MS_MIN = 20;
const REDIAL_MS_MAX = 500;

export type DialerEvents = {
  onOpen(): void;
  /** `response` is reused; `body` holds its value. */
  onResponse(response: Response, body: Uint8Array): void;
  /** What was sent and not answered will not be. It dials again. */
  onClose(): void;
  /** A bug of ours came up in a callback of the socket. */
  onFatal(error: unknown): void;
};

/** A connection of this node to the client port of one, itself perhaps: as any client has. Dials until `stop`. */
export class NodeDialer {
  readonly #host: string;
  readonly #port: number;
  readonly #events: DialerEvents;
  readonly #out = new FrameWriter(PENDING_BYTES_MAX);
  #reader = new FrameReader();
  /** Null: not connected. */
  #socket: Socket | null = null;
  #redialMs = REDIAL_MS_MIN;
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(host: string, port: number, events: DialerEvents) {
    this.#host = host;
    this.#port = port;
    this.#events = events;
    this.#dial();
  }

  /** Queues one request until `flush`. False: not connected, or too much is queued. */
  request(group: number, requestId: number, command: Command): boolean {
    if (this.#socket === null) return false;
    const w = this.#out.bytes;
    const start = beginFrame(w, KIND.clientRequests, group);
    const bytes = commandBytes(command.key.length, command.value.length);
    w.u32(4 + bytes);
    w.u32(requestId);
    const at = w.take(bytes);
    const { view } = w;
    writeCommand(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), view, at, command);
    endFrame(w, start);
    return this.#out.keep(start);
  }

  flush(): void {
    const socket = this.#socket;
    if (socket !== null && !this.#out.flush(socket)) this.#lost(socket);
  }

  /** Ends the connection for good. No event follows. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.terminate();
  }

  #dial(): void {
    this.#timer = null;
    const at = { host: this.#host, port: this.#port };
    connectNode(at, credentialsFor(at.host, at.port), {
      open: (socket) => this.#opened(socket),
      data: (socket, chunk) => this.#received(socket, chunk),
      drain: (socket) => {
        if (socket === this.#socket) this.flush();
      },
      close: (socket) => this.#lost(socket),
      error: (socket) => this.#lost(socket),
    }).catch(() => this.#redialLater());
  }

  #redialLater(): void {
    if (this.#isStopped || this.#timer !== null) return;
    this.#timer = setTimeout(() => this.#dial(), this.#redialMs);
    this.#redialMs = Math.min(this.#redialMs * 2, REDIAL_MS_MAX);
  }

  #opened(socket: Socket): void {
    if (this.#isStopped) return void socket.terminate();
    socket.setNoDelay(true);
    this.#socket = socket;
    this.#reader = new FrameReader();
    this.#out.clear();
    this.#redialMs = REDIAL_MS_MIN;
    this.#events.onOpen();
  }

  #received(socket: Socket, chunk: Uint8Array): void {
    if (socket !== this.#socket) return;
    try {
      this.#reader.push(chunk, this.#onFrame);
    } catch (error) {
      if (error instanceof WireError) this.#lost(socket);
      else this.#events.onFatal(error);
    }
  }

  readonly #onFrame = ({ kind, body }: Frame): void => {
    if (kind !== KIND.clientResponses) throw new WireError(`kind ${kind} as a reply`);
    eachResponse(body, (response) => this.#events.onResponse(response, body));
  };

  #lost(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    socket.terminate();
    this.#out.clear();
    this.#redialLater();
    this.#events.onClose();
  }
}
