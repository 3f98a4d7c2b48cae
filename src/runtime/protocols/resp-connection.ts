import { KEY_BYTES_MAX, OP_GET, OP_PUT, type OpCode } from "../../kv/command.ts";
import { type ByteWriter, WireError } from "../../wire/bytes.ts";
import { RespReader } from "../../wire/resp.ts";
import { type RespVersion, writeError } from "../../wire/resp-reply.ts";
import type { TokenCheck } from "../../security/tokens.ts";
import type { NodeAddress } from "../config.ts";
import type { NodeStatusReport } from "../node-status.ts";
import { CommandLoop, type CommandSource } from "./command-loop.ts";
import type { KvExecutor } from "./kv-executor.ts";
import { Pipeline } from "./pipeline.ts";
import { findCommand } from "./resp-commands.ts";
import { keyProblem } from "./resp-many.ts";
import { ANSWER, writeSingle } from "./resp-single.ts";
import type { ScanCursors } from "./scan-cursors.ts";
import type { TextLink } from "./text-link.ts";

/** What a node can tell of itself. */
export type AboutNode = {
  status(): NodeStatusReport;
  /** Keys that this node holds now. */
  keys(): number;
  addressOf(nodeId: number): NodeAddress | null;
};

/** What all connections of a node share. */
export type RespShared = {
  readonly executor: KvExecutor;
  readonly cursors: ScanCursors;
  readonly about: AboutNode;
  /** Null: clients need none. */
  readonly tokens: TokenCheck | null;
};

/** What a command needs of its connection. */
export type RespSession = RespShared & {
  readonly id: number;
  version: RespVersion;
  name: string;
  /** One operation of the store; `kind` is one of ANSWER. */
  single(
    kind: number,
    op: OpCode,
    flags: number,
    expected: number,
    key: Uint8Array,
    value: Uint8Array,
  ): void;
  answer(write: (w: ByteWriter) => void): void;
  error(message: string): void;
  /** Runs what takes several operations; it must not reject. */
  alone(run: () => Promise<(w: ByteWriter) => void>): void;
  /** Answers what came so far, then closes. */
  quit(): void;
};

const NO_BYTES: Uint8Array = new Uint8Array(0);
/** In small letters. */
const G = 0x67;
const S = 0x73;
const E = 0x65;
const T = 0x74;
const SMALL = 0x20;
const NAME_BYTES_MAX = 64;
const latin1 = new TextDecoder("latin1");

/** A connection that speaks RESP (docs/protocols.md). */
export class RespConnection implements CommandSource, RespSession {
  readonly id: number;
  readonly executor: KvExecutor;
  readonly cursors: ScanCursors;
  readonly about: AboutNode;
  readonly tokens: TokenCheck | null;
  version: RespVersion = 2;
  name = "";
  readonly loop: CommandLoop;
  readonly #pipeline: Pipeline;
  readonly #reader = new RespReader();

  constructor(link: TextLink, shared: RespShared) {
    this.id = link.id;
    this.executor = shared.executor;
    this.cursors = shared.cursors;
    this.about = shared.about;
    this.tokens = shared.tokens;
    this.#pipeline = new Pipeline(link, shared.executor, (w, kind, _context, reply, op) =>
      writeSingle(w, kind, this.version, reply, op),
    );
    this.loop = new CommandLoop(link, this.#pipeline, this);
  }

  get buffered(): number {
    return this.#reader.buffered;
  }

  /** The arguments of a command that waits stay where they are: the reader has taken them already. */
  feed(chunk: Uint8Array): void {
    this.#reader.feed(chunk);
  }

  next(): boolean {
    return this.#reader.next();
  }

  single(
    kind: number,
    op: OpCode,
    flags: number,
    expected: number,
    key: Uint8Array,
    value: Uint8Array,
  ): void {
    const { length } = key;
    if (length === 0 || length > KEY_BYTES_MAX) this.error(keyProblem(length));
    else this.#pipeline.begin(kind, null, op, flags, expected, key, value);
  }

  answer(write: (w: ByteWriter) => void): void {
    this.#pipeline.answer(write);
  }

  error(message: string): void {
    this.#pipeline.answer((w) => writeError(w, message));
  }

  refuse(message: string): void {
    this.error(`ERR ${message}`);
  }

  alone(run: () => Promise<(w: ByteWriter) => void>): void {
    this.#pipeline.alone(run);
  }

  quit(): void {
    this.loop.quit();
  }

  begin(): boolean {
    const { argc, source, starts } = this.#reader;
    const at = starts[0]!;
    if (this.#reader.ends[0]! - at === 3 && (source[at + 2]! | SMALL) === T) {
      const first = source[at]! | SMALL;
      if ((source[at + 1]! | SMALL) === E) {
        if (first === G && argc === 2) return this.#get();
        if (first === S && argc === 3) return this.#set();
      }
    }
    return this.#runAny();
  }

  #get(): boolean {
    if (!this.#pipeline.mayBegin("read")) return false;
    this.single(ANSWER.value, OP_GET, 0, 0, this.#arg(1), NO_BYTES);
    return true;
  }

  #set(): boolean {
    if (!this.#pipeline.mayBegin("write")) return false;
    this.single(ANSWER.ok, OP_PUT, 0, 0, this.#arg(1), this.#arg(2));
    return true;
  }

  #runAny(): boolean {
    const { argc } = this.#reader;
    const name = latin1.decode(this.#arg(0).subarray(0, NAME_BYTES_MAX)).toLowerCase();
    const command = findCommand(name);
    if (command === undefined) {
      this.#unknown(name);
      return true;
    }
    const { arity } = command;
    if (arity > 0 ? argc !== arity : argc < -arity) {
      this.error(`ERR wrong number of arguments for '${name}' command`);
      return true;
    }
    const args = Array.from({ length: argc - 1 }, (_, i) => this.#arg(i + 1));
    const kind = typeof command.kind === "function" ? command.kind(args) : command.kind;
    if (kind !== "now" && !this.#pipeline.mayBegin(kind)) return false;
    command.run(this, args);
    return true;
  }

  #unknown(name: string): void {
    // A browser that was lured to this port: what follows its headers must not be taken for commands.
    if (name === "post" || name === "host:") throw new WireError("this is no HTTP port");
    const shown = name.replaceAll(/[^\x20-\x7e]/g, "?");
    this.error(`ERR unknown command '${shown}'`);
  }

  #arg(i: number): Uint8Array {
    const { source, starts, ends } = this.#reader;
    return source.subarray(starts[i]!, ends[i]!);
  }
}
