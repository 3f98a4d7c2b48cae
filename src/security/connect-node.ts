import type { Socket } from "bun";
import { type AuthReply, readAuthReply, writeAuth } from "../wire/auth.ts";
import { ByteWriter, WireError } from "../wire/bytes.ts";
import { FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { type Credentials, tlsToNode } from "./credentials.ts";
import type { Endpoint } from "./keyring.ts";
import { tlsFailure } from "./server-tls.ts";

/** What is called of a connection once it is open: as Bun's handlers. */
export type NodeHandlers = {
  open(socket: Socket): void;
  data(socket: Socket, chunk: Buffer): void;
  drain(socket: Socket): void;
  close(socket: Socket): void;
  error(socket: Socket, error: Error): void;
};

/** The node is there and does not let us in, or is not one that we let in. */
export class RefusedError extends Error {}

const GREETED_WITHIN_MS = 5000;
const REPLY_BYTES_MAX = 1024;

/**
 * Connects to the client port of a node; in plain text when `credentials` are null. Otherwise `open` is called when
 * each side has seen who the other is. Rejects when that does not come about; no handler is called then.
 */
export async function connectNode(
  { host, port }: Endpoint,
  credentials: Credentials | null,
  handlers: NodeHandlers,
): Promise<void> {
  const at = { hostname: host, port };
  if (credentials !== null) return new Greeting(credentials, handlers).connect(at);
  await Bun.connect({ ...at, socket: { ...handlers, connectError } });
}

const connectError = (): void => {}; // The promise rejects too.

/** A connection until each side has seen who the other is; from then on it only passes on. */
class Greeting {
  readonly #credentials: Credentials;
  readonly #handlers: NodeHandlers;
  readonly #ended = Promise.withResolvers<void>();
  readonly #reader = new FrameReader(REPLY_BYTES_MAX);
  #socket: Socket | null = null;
  #state: "greeting" | "open" | "failed" = "greeting";

  constructor(credentials: Credentials, handlers: NodeHandlers) {
    this.#credentials = credentials;
    this.#handlers = handlers;
  }

  async connect(at: { readonly hostname: string; readonly port: number }): Promise<void> {
    const late = `no greeting within ${GREETED_WITHIN_MS} ms`;
    const timer = setTimeout(() => this.#fail(new Error(late)), GREETED_WITHIN_MS);
    const { drain, close, error: failed } = this.#handlers;
    Bun.connect({
      ...at,
      tls: tlsToNode(this.#credentials),
      socket: {
        open: (socket) => {
          this.#socket = socket;
          if (this.#state === "failed") socket.terminate();
        },
        handshake: (socket, isDone, error) => this.#shaken(socket, isDone, error),
        data: (socket, chunk) => {
          if (this.#state === "open") this.#handlers.data(socket, chunk);
          else if (this.#state === "greeting") this.#answered(socket, chunk);
        },
        drain: (socket) => {
          if (this.#state === "open") drain(socket);
        },
        close: (socket) => {
          if (this.#state === "open") close(socket);
          else this.#fail(new Error("the node closed the connection"));
        },
        error: (socket, error) => {
          if (this.#state === "open") failed(socket, error);
          else this.#fail(error);
        },
        connectError,
      },
    }).catch((error: Error) => this.#fail(error));
    try {
      await this.#ended.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The other side is a node of the cluster. */
  #shaken(socket: Socket, isDone: boolean, error: Error | null): void {
    if (this.#state !== "greeting") return;
    if (!isDone || error !== null) {
      const why = tlsFailure(error);
      // A node that ends breaks off, too.
      const isBroken = (error as NodeJS.ErrnoException | null)?.code === "ECONNRESET";
      return this.#fail(isBroken ? new Error(why) : new RefusedError(why));
    }
    const { token } = this.#credentials;
    if (token === undefined) return this.#opened(socket);
    const w = new ByteWriter(64);
    writeAuth(w, token);
    socket.write(w.written(), 0, w.offset); // A few bytes: an empty socket takes them all.
  }

  #answered(socket: Socket, chunk: Buffer): void {
    let reply: AuthReply | null = null as AuthReply | null;
    try {
      this.#reader.push(chunk, ({ kind, body }) => {
        if (kind !== KIND.authReply) throw new WireError(`a frame of kind ${kind}`);
        reply = readAuthReply(body);
      });
    } catch (error) {
      return this.#fail(new Error(`no answer to the token: ${(error as Error).message}`));
    }
    if (reply === null) return;
    if (reply.refusal === null) this.#opened(socket);
    else this.#fail(new RefusedError(reply.refusal));
  }

  #opened(socket: Socket): void {
    this.#state = "open";
    this.#ended.resolve();
    this.#handlers.open(socket);
  }

  #fail(reason: Error): void {
    if (this.#state !== "greeting") return;
    this.#state = "failed";
    this.#socket?.terminate();
    this.#ended.reject(reason);
  }
}
