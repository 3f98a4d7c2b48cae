import { PlainClerk, type PlainOps, type Refusal } from "../client/plain-clerk.ts";
import { DONE_MISMATCH, DONE_OK } from "../client/ports.ts";
import { FLAG_EXPECTED, OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../kv/command.ts";
import { NodeConnections } from "./connected.ts";
import { PipelinedConnection, type PipelinedProtocol, type ReplyStream } from "./pipelined.ts";
import type {
  OpenClient,
  ProtocolClient,
  StoreClientEvents,
  StoreClientOptions,
} from "./store-client.ts";

const ATTEMPT_TIMEOUT_MS = 300;
/** Connections to a node: while it works at the requests of one, those of another come in. */
const LANES_MAX = 4;
/** Far more than the longest value, in base64. */
const LINE_BYTES_MAX = 16 << 20;
const NEW_LINE = 10;

const NAMES = { [OP_GET]: "get", [OP_PUT]: "put", [OP_APPEND]: "append", [OP_DELETE]: "delete" };

/** An operation, as a protocol of lines has to say it. */
export type LineRequest = {
  readonly op: "get" | "put" | "append" | "delete";
  /** Of a load, letters and digits; of a conformance test, any text. */
  readonly key: string;
  /** Any bytes; of a get and a delete none. */
  readonly value: Buffer;
  /** A put counts only if the key has this version, 0: is absent. Null: whatever it has. */
  readonly expected: number | null;
};

/**
 * What a line says. `version` is the key's afterwards: 0 absent, one more for each write; -1 if the protocol does
 * not tell. Claim no more than is certain: "refused" is a promise that it took no effect, "unsure" none.
 */
export type LineReply =
  | { readonly kind: "ok"; readonly version: number; readonly value?: Uint8Array }
  | { readonly kind: "mismatch"; readonly version: number }
  | { readonly kind: Refusal };

/** A protocol with a line for each request and, in their order, a line for each reply. UTF-8. */
export type LineProtocol = {
  /** Without its end. */
  request(request: LineRequest): string;
  /** Throws when the line is none of the protocol: that ends the run. */
  reply(line: string, request: LineRequest): LineReply;
  /** `any` (default): every node takes every operation. `leader`: only one does, and the others refuse. */
  readonly route?: "any" | "leader";
};

/** The client of a protocol of lines, for a module's `openClient`. */
export const lineClient =
  (protocol: LineProtocol): OpenClient =>
  (options, events) =>
    new LineClient(protocol, options, events);

const LINES: PipelinedProtocol<string> = {
  reader: () => new LineReader(),
  hello: [],
  accepts: () => true,
};

type LineConnection = PipelinedConnection<string>;

class LineClient implements ProtocolClient {
  readonly clerk: PlainClerk;
  readonly connections: NodeConnections<LineConnection>;
  readonly #protocol: LineProtocol;
  /** A request without a reply is known by `attempt × slots + slot`. */
  readonly #slots: number;
  /** The newest of each slot. */
  readonly #requests: LineRequest[] = [];

  constructor(protocol: LineProtocol, options: StoreClientOptions, events: StoreClientEvents) {
    const { address, clients, connections, timeoutMs, homeShare, prng } = options;
    this.#protocol = protocol;
    this.#slots = clients;
    this.clerk = new PlainClerk(
      {
        ...{ slots: clients, nodes: address.nodes.length, timeoutMs, homeShare, prng },
        route: protocol.route ?? "any",
        attemptTimeoutMs: Math.min(ATTEMPT_TIMEOUT_MS, timeoutMs),
      },
      {
        send: (node, slot, attempt, ops) => this.#send(node, slot, attempt, ops),
        cancel: () => {}, // A reply to an attempt that nobody awaits is dropped when it comes.
        onDone: (slot, done, now) => events.onDone(slot, done, now),
      },
    );
    const lanes = Math.min(connections, LANES_MAX);
    this.connections = new NodeConnections(address.nodes.length, lanes, (node) => {
      const { host, port } = address.nodes[node]!;
      return this.#dial(node, host, port, events);
    });
  }

  #dial(node: number, host: string, port: number, events: StoreClientEvents): LineConnection {
    return new PipelinedConnection(host, port, LINES, {
      onOpen: () => {
        this.clerk.opened(node);
        this.connections.opened();
      },
      onReply: (tag, line) => this.#replied(node, tag, line),
      onChunk: () => events.onInput(),
      onClose: (tags) => {
        const slots = new Set(tags.map((tag) => tag % this.#slots));
        this.clerk.lost(node, slots, performance.now());
        events.onInput();
      },
    });
  }

  #send(node: number, slot: number, attempt: number, ops: PlainOps): boolean {
    const request = requestOf(ops, slot);
    this.#requests[slot] = request;
    const lanes = this.connections.of[node]!;
    const line = Buffer.from(`${this.#protocol.request(request)}\n`);
    return lanes[slot % lanes.length]!.send(attempt * this.#slots + slot, line);
  }

  #replied(node: number, tag: number, line: string): void {
    const now = performance.now();
    const slot = tag % this.#slots;
    if (!this.clerk.awaits(slot, Math.floor(tag / this.#slots), node, now)) return;
    const reply = this.#protocol.reply(line, this.#requests[slot]!);
    if (reply.kind === "mismatch") {
      return this.clerk.succeeded(slot, DONE_MISMATCH, reply.version, 0, now);
    }
    if (reply.kind !== "ok") return this.clerk.refused(slot, reply.kind, now);
    const { version, value } = reply;
    if (value === undefined) return this.clerk.succeeded(slot, DONE_OK, version, 0, now);
    this.clerk.succeeded(slot, DONE_OK, version, 0, now, value, 0, value.length);
  }
}

function requestOf(ops: PlainOps, slot: number): LineRequest {
  const op = NAMES[ops.op[slot]! as keyof typeof NAMES] as LineRequest["op"] | undefined;
  if (op === undefined)
    throw new Error("a protocol of lines has no scans: leave them out of `can`");
  const isConditional = (ops.flags[slot]! & FLAG_EXPECTED) !== 0;
  return {
    op,
    key: Buffer.from(ops.key[slot]!).toString(),
    value: Buffer.from(ops.value[slot]!),
    expected: isConditional ? ops.expected[slot]! : null,
  };
}

/** Cuts a stream of bytes into lines, without their ends. */
class LineReader implements ReplyStream<string> {
  #rest = Buffer.alloc(0);

  push(chunk: Uint8Array, onReply: (line: string) => void): void {
    const bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(NEW_LINE); end >= 0; end = bytes.indexOf(NEW_LINE, from)) {
      const line = bytes.toString("utf8", from, end);
      from = end + 1;
      onReply(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
    this.#rest = bytes.subarray(from);
    if (this.#rest.length > LINE_BYTES_MAX) throw new Error("the server's line has no end");
  }
}
