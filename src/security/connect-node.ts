import type { Socket } from "bun";
import { readAuthReply, writeAuth } from "../wire/auth.ts";
import { ByteWriter } from "../wire/bytes.ts";
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
  const connectError = (): void => {}; // The promise rejects too.
  const at = { hostname: host, port };
  if (credentials === null) {
    await Bun.connect({ ...at, socket: { ...handlers, connectError } });
    return;
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { token } = credentials;
  const reader = new FrameReader(REPLY_BYTES_MAX);
  let state: "greeting" | "open" | "failed" = "greeting";
  let connected: Socket | null = null;
  const fail = (reason: string): void => {
    if (state !== "greeting") return;
    state = "failed";
    connected?.terminate();
    reject(new Error(reason));
  };
  const opened = (socket: Socket): void => {
    state = "open";
    resolve();
    handlers.open(socket);
  };
  const answered = (socket: Socket, chunk: Buffer): void => {
    try {
      reader.push(chunk, ({ kind, body }) => {
        if (kind !== KIND.authReply) throw new Error(`a frame of kind ${kind}`);
        const { refusal } = readAuthReply(body);
        if (refusal === null) opened(socket);
        else fail(refusal);
      });
    } catch (error) {
      fail(`no answer to the token: ${(error as Error).message}`);
    }
  };
  const late = setTimeout(
    () => fail(`no greeting within ${GREETED_WITHIN_MS} ms`),
    GREETED_WITHIN_MS,
  );
  Bun.connect({
    ...at,
    tls: tlsToNode(credentials),
    socket: {
      open: (socket) => {
        connected = socket;
        if (state === "failed") socket.terminate();
      },
      handshake: (socket, isDone, error) => {
        if (state !== "greeting") return;
        if (!isDone || error !== null) return fail(tlsFailure(error));
        if (token === undefined) return opened(socket);
        const w = new ByteWriter(64);
        writeAuth(w, token);
        socket.write(w.written(), 0, w.offset); // A few bytes: an empty socket takes them all.
      },
      data: (socket, chunk) => {
        if (state === "open") handlers.data(socket, chunk);
        else if (state === "greeting") answered(socket, chunk);
      },
      drain: (socket) => {
        if (state === "open") handlers.drain(socket);
      },
      close: (socket) => {
        if (state === "open") handlers.close(socket);
        else fail("the node closed the connection");
      },
      error: (socket, error) => {
        if (state === "open") handlers.error(socket, error);
        else fail(error.message);
      },
      connectError,
    },
  }).catch((error: Error) => fail(error.message));
  try {
    await promise;
  } finally {
    clearTimeout(late);
  }
}
