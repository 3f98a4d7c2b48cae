import type { PlainOps } from "../client/plain-clerk.ts";
import { FLAG_EXPECTED, OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../kv/command.ts";
import type { PipelinedProtocol, ReplyStream } from "./pipelined.ts";
import { pipelinedClient, type PlainReply } from "./sessionless.ts";
import type { OpenClient } from "./store-client.ts";

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

export type { PlainReply as LineReply } from "./sessionless.ts";

/** A protocol with a line for each request and, in their order, a line for each reply. UTF-8. */
export type LineProtocol = {
  /** Without its end. */
  request(request: LineRequest): string;
  /** Throws when the line is none of the protocol: that ends the run. */
  reply(line: string, request: LineRequest): PlainReply;
  /** `any` (default): every node takes every operation. `leader`: only one does, and the others refuse. */
  readonly route?: "any" | "leader";
};

const LINES: PipelinedProtocol<string> = {
  reader: () => new LineReader(),
  hello: [],
  accepts: () => true,
};

/** The client of a protocol of lines, for a module's `openClient`. */
export const lineClient =
  (protocol: LineProtocol): OpenClient =>
  (options, events) => {
    /** The newest of each slot. */
    const requests: LineRequest[] = [];
    return pipelinedClient(options, events, {
      protocol: LINES,
      route: protocol.route ?? "any",
      lanesMax: LANES_MAX,
      request: (slot, ops) => {
        const request = requestOf(ops, slot);
        requests[slot] = request;
        return Buffer.from(`${protocol.request(request)}\n`);
      },
      reply: (line, slot) => protocol.reply(line, requests[slot]!),
    });
  };

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
