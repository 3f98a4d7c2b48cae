import { FLAG_LOCAL, isReadOp, OP_SCAN } from "../../kv/command.ts";
import type { Reply } from "../../replica/ports.ts";
import type { ByteWriter } from "../../wire/bytes.ts";
import { isDefinite, STATUS } from "../../wire/errors.ts";
import { LineReader } from "../../wire/json-lines.ts";
import { errorOf, jsonAnswer, type JsonError, jsonError } from "../../wire/json-reply.ts";
import {
  type JsonAuth,
  type JsonProblem,
  type JsonRequest,
  parseJsonAuth,
  parseJsonRequest,
} from "../../wire/json-request.ts";
import type { TokenCheck } from "../../security/tokens.ts";
import { CommandLoop, type CommandSource } from "./command-loop.ts";
import type { KvExecutor } from "./kv-executor.ts";
import { Pipeline } from "./pipeline.ts";
import type { TextLink } from "./text-link.ts";

type Id = JsonRequest["id"];

const utf8 = new TextEncoder();
const { ok } = STATUS;
const NO_REPLY = {
  ...{ status: 0, leaderHint: 0, version: 0, index: 0 },
  ...{ valueIn: new Uint8Array(0), valueAt: 0, valueBytes: 0 },
};

/** A connection that speaks JSON, one object a line (docs/protocols.md). */
export class JsonConnection implements CommandSource {
  readonly loop: CommandLoop;
  readonly #executor: KvExecutor;
  readonly #tokens: TokenCheck | null;
  readonly #pipeline: Pipeline;
  readonly #reader = new LineReader();
  /** That was read last. */
  #request: JsonRequest | JsonAuth | JsonProblem | null = null;

  /** `tokens` null: clients need none, and any is taken. */
  constructor(link: TextLink, executor: KvExecutor, tokens: TokenCheck | null = null) {
    this.#executor = executor;
    this.#tokens = tokens;
    this.#pipeline = new Pipeline(link, executor, (w, _kind, context, reply, op) =>
      w.bytes(utf8.encode(this.#answerOf(context as Id, reply, op))),
    );
    this.loop = new CommandLoop(link, this.#pipeline, this);
  }

  get buffered(): number {
    return this.#reader.buffered;
  }

  feed(chunk: Uint8Array): void {
    this.#reader.feed(chunk);
  }

  /** Reads the next line that is not empty. */
  next(): boolean {
    for (;;) {
      const line = this.#reader.next();
      if (line === null) return false;
      if (line.trim() === "") continue;
      const request = parseJsonRequest(line);
      this.#request = "problem" in request ? (parseJsonAuth(line) ?? request) : request;
      return true;
    }
  }

  begin(): boolean {
    const request = this.#request!;
    const { id } = request;
    if ("problem" in request) this.#refuse(id, request.problem);
    else if ("token" in request) this.#authenticate(request);
    else if (request.op === null) this.#answer(jsonAnswer(id, null, NO_REPLY));
    else if (request.op === OP_SCAN && this.#executor.isSharded) {
      this.#refuse(id, "a sharded cluster has no scans");
    } else {
      const { op, flags, expected, key, value } = request;
      if (!this.#pipeline.mayBegin(isReadOp(op) ? "read" : "write")) return false;
      this.#pipeline.begin(flags & FLAG_LOCAL, id, op, flags, expected, key, value);
    }
    return true;
  }

  refuse(message: string): void {
    this.#refuse(undefined, message);
  }

  #answerOf(id: Id, reply: Reply, op: NonNullable<JsonRequest["op"]>): string {
    if (reply.status === ok.code) return jsonAnswer(id, op, reply);
    const leader = this.#executor.addressOf(reply.leaderHint);
    const error = errorOf(
      reply,
      leader && { id: leader.id, host: leader.host, port: leader.clientPort },
    );
    // Nothing can be open of a read that brought nothing.
    const isOpen = !isDefinite(reply.status) && !isReadOp(op);
    return jsonError(id, { ...error, definite: !isOpen });
  }

  /** The gate has let the client in already; a wrong token later on ends it all the same. */
  #authenticate({ id, token }: JsonAuth): void {
    if (this.#tokens?.accepts(token) !== false) return this.#answer(jsonAnswer(id, null, NO_REPLY));
    const message = "the token is not right";
    this.#answer(jsonError(id, { code: "unauthorized", definite: true, message }));
    this.loop.quit();
  }

  #refuse(id: Id, message: string): void {
    const error: JsonError = { code: "badRequest", definite: true, message };
    this.#answer(jsonError(id, error));
  }

  #answer(line: string): void {
    this.#pipeline.answer((w: ByteWriter) => w.bytes(utf8.encode(line)));
  }
}
