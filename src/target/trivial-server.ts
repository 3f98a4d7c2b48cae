import type { Socket } from "bun";
import { FrameWriter } from "../runtime/frame-writer.ts";
import {
  COMMAND_HEADER_BYTES,
  commandExpected,
  commandFlags,
  commandKeyBytes,
  commandOp,
  commandValueBytes,
  FLAG_EXPECTED,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_OPEN_SESSION,
} from "../kv/command.ts";
import { eachRequest } from "../wire/client.ts";
import { STATUS } from "../wire/errors.ts";
import { beginFrame, endFrame, type Frame, FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { ownBuild } from "../lib/build.ts";

type Entry = { version: number; value: Uint8Array };

/**
 * The least server that speaks wire/client.ts: one `Map`, no log, no replicas, no disk, and retries
 * that are applied twice. What a generator reaches against it is the generator's own limit, and
 * the ceiling for any server behind this protocol.
 */
export type TrivialServer = { readonly port: number; stop(): void };

type Connection = {
  readonly reader: FrameReader;
  readonly out: FrameWriter;
  readonly onFrame: (frame: Frame) => void;
};

const PENDING_BYTES_MAX = 64 << 20;
const NO_BYTES = Buffer.alloc(0);
const RESERVED = 0;

/** `port` 0: any free one. */
export function startTrivialServer(port = 0): TrivialServer {
  const store = new Store();
  const sockets = new Set<Socket<Connection>>();
  const listener = Bun.listen<Connection>({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        sockets.add(socket);
        const out = new FrameWriter(PENDING_BYTES_MAX);
        const onFrame = (frame: Frame): void => answer(store, out, frame);
        socket.data = { reader: new FrameReader(), out, onFrame };
      },
      data(socket, chunk) {
        socket.data.reader.push(chunk, socket.data.onFrame);
        socket.data.out.flush(socket);
      },
      drain(socket) {
        socket.data.out.flush(socket);
      },
      close(socket) {
        sockets.delete(socket);
      },
      error(socket) {
        socket.terminate();
      },
    },
  });
  const stop = (): void => {
    listener.stop(true);
    for (const socket of sockets) socket.terminate();
  };
  return { port: listener.port, stop };
}

function answer(store: Store, out: FrameWriter, { body, group }: Frame): void {
  const w = out.bytes;
  const start = beginFrame(w, KIND.clientResponses, group);
  eachRequest(body, (view, requestId, at) => {
    store.run(body, view, at);
    w.u32(requestId);
    w.u8(store.status);
    w.u8(RESERVED);
    w.u16(0);
    w.u32(store.value.length);
    w.u53(store.version);
    w.u53(store.index);
    w.bytes(store.value);
  });
  endFrame(w, start);
  out.keep(start);
}

/** The outcome of the last `run` stands in its fields. */
class Store {
  readonly #entries = new Map<string, Entry>();
  status = 0;
  version = 0;
  index = 0;
  value: Uint8Array = NO_BYTES;

  run(bytes: Uint8Array, view: DataView, at: number): void {
    const op = commandOp(view, at);
    this.status = STATUS.ok.code;
    this.value = NO_BYTES;
    if (op !== OP_GET) this.index++;
    if (op === OP_OPEN_SESSION) return;
    const keyAt = at + COMMAND_HEADER_BYTES;
    const valueAt = keyAt + commandKeyBytes(view, at);
    const key = Buffer.from(view.buffer, view.byteOffset + keyAt, valueAt - keyAt).toString(
      "latin1",
    );
    const entry = this.#entries.get(key);
    this.version = entry?.version ?? 0;
    if (op === OP_GET || op === OP_DELETE) {
      if (entry === undefined) this.status = STATUS.notFound.code;
      else if (op === OP_GET) this.value = entry.value;
      else {
        this.version = 0;
        this.#entries.delete(key);
      }
      return;
    }
    if ((commandFlags(view, at) & FLAG_EXPECTED) !== 0) {
      if (commandExpected(view, at) !== this.version) {
        this.status = STATUS.versionMismatch.code;
        return;
      }
    }
    const given = Buffer.from(bytes.subarray(valueAt, valueAt + commandValueBytes(view, at)));
    const value =
      op === OP_APPEND && entry !== undefined ? Buffer.concat([entry.value, given]) : given;
    this.version++;
    if (entry === undefined) this.#entries.set(key, { version: this.version, value });
    else {
      entry.version = this.version;
      entry.value = value;
    }
  }
}

/** Serves until it is ended, at the port that the first argument gives; says at which on stdout. */
export function main(): void {
  const { port } = startTrivialServer(Number(process.argv[2] ?? 0));
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
}

// A compiled binary has one main module, which calls main().
if (import.meta.main && ownBuild() === null) main();
