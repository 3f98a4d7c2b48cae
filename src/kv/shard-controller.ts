import {
  COMMAND_HEADER_BYTES,
  commandExpected,
  commandFlags,
  commandOp,
  commandProblem,
  commandSeq,
  commandSession,
  FLAG_EXPECTED,
  OP_OPEN_SESSION,
} from "./command.ts";
import { applyChange, decodeChange, decodeQuery } from "./config-changes.ts";
import { ConfigReader, ConfigWriter } from "./config-snapshot.ts";
import { SessionTable } from "./session-table.ts";
import { encodeConfig, firstConfig, type ShardConfig } from "./shard-config.ts";
import { OP_JOIN, OP_LEAVE, OP_MOVE, OP_QUERY, OP_REBALANCE, shardOpProblem } from "./shard-ops.ts";
import type { Result, SnapshotReader, SnapshotWriter, StateMachine } from "./state-machine.ts";
import { INVALID, NOT_FOUND, OK, SESSION_EXPIRED, VERSION_MISMATCH } from "./status.ts";

/** Clients that change configs: operators and tests, not the clients of the store. */
const SESSIONS_MAX = 1024;
const CHANGES: ReadonlySet<number> = new Set([OP_JOIN, OP_LEAVE, OP_MOVE, OP_REBALANCE]);
const NO_BYTES = new Uint8Array(0);

const utf8 = new TextEncoder();

/**
 * The shard controller (group 1 of a sharded cluster): all shard configs by number, for ever, and the
 * changes that lead from one to the next. Commands and replies: shard-ops.ts. Exactly-once by session
 * as in sessions.ts. A change is one entry of the log: whoever led when it was asked for, it is in the
 * configs of all replicas or of none (MIT 6.5840 lab 5A; docs/adr/0020).
 */
export class ShardController implements StateMachine {
  readonly result: Result = {
    status: 0,
    version: 0,
    index: 0,
    valueIn: NO_BYTES,
    valueAt: 0,
    valueBytes: 0,
  };
  /** By number. Replaced as a whole by a restore, else only added to. */
  #configs: ShardConfig[];
  #sessions = new SessionTable(SESSIONS_MAX);

  constructor(shards: number) {
    this.#configs = [firstConfig(shards)];
  }

  /** The newest config. */
  get config(): ShardConfig {
    return this.#configs[this.#configs.length - 1]!;
  }

  /** Config `num`, or null: it is not known here yet. */
  configAt(num: number): ShardConfig | null {
    return this.#configs[num] ?? null;
  }

  problem(bytes: Uint8Array, view: DataView, at: number, end: number): string | null {
    if (end - at < COMMAND_HEADER_BYTES) return "command is cut short";
    const op = commandOp(view, at);
    if (op === OP_OPEN_SESSION) return commandProblem(view, at, end);
    const header = shardOpProblem(view, at, end);
    if (header !== null) return header;
    const value = bytes.subarray(at + COMMAND_HEADER_BYTES, end);
    if (op === OP_QUERY) return decodeQuery(value) === null ? "no such query" : null;
    if (!CHANGES.has(op)) return `op ${op} is not known here`;
    return decodeChange(op, value) === null ? "no such change" : null;
  }

  /** Nothing here is far away. */
  prefetch(): void {}

  isRead(view: DataView, at: number): boolean {
    return commandOp(view, at) === OP_QUERY;
  }

  read(bytes: Uint8Array, _view: DataView, at: number, end: number, index: number): void {
    const num = decodeQuery(bytes.subarray(at + COMMAND_HEADER_BYTES, end))!;
    const config = num === -1 ? this.config : this.configAt(num);
    if (config === null) this.#finish(NOT_FOUND, this.config.num, index, NO_BYTES);
    else this.#finish(OK, config.num, index, encodeConfig(config));
  }

  apply(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void {
    const op = commandOp(view, at);
    const session = commandSession(view, at);
    if (op === OP_OPEN_SESSION) {
      this.#sessions.open(index);
      return this.#finish(OK, 0, index, NO_BYTES);
    }
    if (session === 0) return this.#change(bytes, view, at, end, index);
    const sessions = this.#sessions;
    const slot = sessions.use(session);
    const seq = commandSeq(view, at);
    if (slot < 0) return this.#finish(SESSION_EXPIRED, 0, index, NO_BYTES);
    if (seq === 0) return this.#finish(INVALID, 0, index, utf8.encode("seq 0 within a session"));
    const last = sessions.seqs[slot]!;
    if (seq < last) return this.#finish(SESSION_EXPIRED, 0, index, NO_BYTES);
    if (seq === last) return this.#repeat(slot);
    this.#change(bytes, view, at, end, index);
    sessions.set(slot, seq, this.result.status, this.result.version, index);
  }

  beginSnapshot(): SnapshotReader {
    return new ConfigReader(this.#configs, this.#sessions);
  }

  beginRestore(): SnapshotWriter {
    return new ConfigWriter(this.#configs[0]!.shards.length, SESSIONS_MAX, (configs, sessions) => {
      this.#configs = configs;
      this.#sessions = sessions;
    });
  }

  #change(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void {
    const { config } = this;
    const isConditional = (commandFlags(view, at) & FLAG_EXPECTED) !== 0;
    if (isConditional && commandExpected(view, at) !== config.num) {
      return this.#finish(VERSION_MISMATCH, config.num, index, NO_BYTES);
    }
    const value = bytes.subarray(at + COMMAND_HEADER_BYTES, end);
    const next = applyChange(config, decodeChange(commandOp(view, at), value)!);
    if (typeof next === "string")
      return this.#finish(INVALID, config.num, index, utf8.encode(next));
    this.#configs.push(next);
    this.#finish(OK, next.num, index, encodeConfig(next));
  }

  /** The answer of the first time. Why a change was refused is not kept. */
  #repeat(slot: number): void {
    const { statuses, versions, indexes } = this.#sessions;
    const [status, num] = [statuses[slot]!, versions[slot]!];
    const value = status === OK ? encodeConfig(this.#configs[num]!) : NO_BYTES;
    this.#finish(status, num, indexes[slot]!, value);
  }

  #finish(status: number, version: number, index: number, value: Uint8Array): void {
    const { result } = this;
    result.status = status;
    result.version = version;
    result.index = index;
    result.valueIn = value;
    result.valueAt = 0;
    result.valueBytes = value.length;
  }
}
