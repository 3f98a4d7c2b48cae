import { Clerk } from "../client/clerk.ts";
import { ShardRouter } from "../client/shard-router.ts";
import {
  type ClerkOptions,
  type ClerkPorts,
  type Completion,
  DONE_FAIL,
  DONE_INFO,
  DONE_MISMATCH,
  DONE_OK,
} from "../client/ports.ts";
import { readHistory } from "../history/codec.ts";
import { NO_VALUE } from "../history/format.ts";
import {
  type History,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_NAMES,
  OUTCOME_OK,
} from "../history/op.ts";
import { HistoryWriter } from "../history/codec.ts";
import {
  type Command,
  COMMAND_HEADER_BYTES,
  commandKeyBytes,
  commandSeq,
  commandSession,
  FLAG_EXPECTED,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_NAMES,
  OP_PUT,
  type OpCode,
} from "../kv/command.ts";
import type { Result } from "../kv/state-machine.ts";
import { shardOf } from "../kv/shard-config.ts";
import { GROUP_1 } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { Response } from "../wire/client.ts";
import { STATUS } from "../wire/errors.ts";
import type { SimConfig, SimObserver, SimOperation } from "./api.ts";
import { violated } from "./violation.ts";
import { EVENT, type World } from "./world.ts";

export type ClientWorld = {
  readonly world: World;
  readonly config: SimConfig;
  readonly nodes: readonly number[];
  readonly prng: Prng;
  /** Of a sharded cluster: the clients are routers, and indexes are of many logs. 1: it is not sharded. */
  readonly shards?: number;
  /** False: there is no connection to that node. */
  send(node: number, client: number, requestId: number, command: Command, group: number): boolean;
  /** Highest index known to be committed; not asked for in a sharded cluster. */
  committedIndex(): number;
  readonly observe: SimObserver | null;
};

const OP_OF: Record<SimOperation["op"], OpCode> = {
  get: OP_GET,
  put: OP_PUT,
  append: OP_APPEND,
  delete: OP_DELETE,
  versionedPut: OP_PUT,
};
const OUTCOME_OF: Record<number, number> = {
  [DONE_OK]: OUTCOME_OK,
  [DONE_FAIL]: OUTCOME_FAIL,
  [DONE_MISMATCH]: OUTCOME_MISMATCH,
  [DONE_INFO]: OUTCOME_INFO,
};
/** A write that took effect, or was refused for its version; anything else did nothing. */
const OUTCOME_BY_STATUS = new Map<number, number>([
  [STATUS.ok.code, OUTCOME_OK],
  [STATUS.notFound.code, OUTCOME_OK],
  [STATUS.versionMismatch.code, OUTCOME_MISMATCH],
]);
/** Refused before its session was looked at: the same operation may count elsewhere. */
const WRONG_SHARD = STATUS.wrongShard.code;
const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const keyName = (key: number): string => `k${key}`;

/** What makes a value longer, and means nothing. */
const PADDING = "~";
const unpadded = (value: Uint8Array): string => decoder.decode(value).replaceAll(PADDING, "");

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Names an operation: the shard of its session, that, and its number in it. Null: it has none. */
const serialOf = (shard: number, session: number, seq: number): string | null =>
  session === 0 ? null : `${shard} ${session} ${seq}`;

type SimClient = {
  readonly clerk: Clerk | ShardRouter;
  /** The history's process: another one after each operation whose outcome is not known. */
  process: number;
  busy: boolean;
  op: OpCode;
  key: number;
  /** Of the last attempt: names the operation in the log. */
  serial: string | null;
  /** What was committed when the operation began. */
  floor: number;
  tickAt: number;
  /** By key: the version this client saw last. */
  readonly versions: Map<number, number>;
};

/**
 * The clients of a simulated cluster: each a real Clerk, so that retries, sessions and leader caches
 * are those of the product. What they do and are told goes into one history.
 */
export class SimClients {
  readonly #in: ClientWorld;
  readonly #clients: SimClient[];
  readonly #writer = new HistoryWriter(0);
  readonly #keyIds = new Map<number, number>();
  readonly #keyBytes = new Map<number, Uint8Array>();
  readonly #texts = new Map<string, number>();
  /** Writes of unknown outcome, by the process that ended with each. */
  readonly #unknown: { readonly process: number; readonly serial: string | null }[] = [];
  /** By serial: what the first application gave. */
  readonly #results = new Map<
    string,
    { readonly status: number; readonly version: number; readonly at: number }
  >();
  #seen: Uint8Array | null = null;
  #settled: Uint8Array | null = null;
  readonly #appliedIndex = new Map<number, number>();
  readonly #shards: number;
  #processes: number;
  #values = 0;
  /** Called when an operation has ended. */
  onDone: (client: number, outcome: number) => void = () => {};
  started = 0;
  skipped = 0;
  succeeded = 0;

  constructor(clientWorld: ClientWorld) {
    this.#in = clientWorld;
    const { config } = clientWorld;
    this.#shards = clientWorld.shards ?? 1;
    this.#processes = config.clients;
    this.#clients = Array.from({ length: config.clients }, (_, client) => ({
      clerk: this.#clerkOf(client),
      process: client,
      busy: false,
      op: OP_GET,
      key: 0,
      serial: null,
      floor: 0,
      tickAt: Infinity,
      versions: new Map(),
    }));
  }

  #clerkOf(client: number): Clerk | ShardRouter {
    const { config, nodes, prng, send, shards } = this.#in;
    const options: ClerkOptions = {
      slots: 1,
      nodeIds: nodes,
      lanes: 1,
      timeoutMs: config.timeoutMs,
      attemptTimeoutMs: config.attemptTimeoutMs,
      homeShare: config.homeShare,
      prng: prng.fork(`client ${client}`),
    };
    const ports: ClerkPorts = {
      send: (node, _lane, requestId, command, group) => {
        const { key, session, seq } = command;
        // Not a router's questions to the controller.
        if (key.length > 0) {
          this.#clients[client]!.serial = serialOf(this.#shardOf(key), session, seq);
        }
        return send(nodes[node]!, client, requestId, command, group);
      },
      onDone: (_slot, done) => this.#done(client, done),
    };
    return shards === undefined
      ? new Clerk(options, ports)
      : new ShardRouter(shards, options, ports);
  }

  /** The number in the value of the last write that was started: `v12` is 12. */
  get lastValue(): number {
    return this.#values;
  }

  get busy(): number {
    return this.#clients.filter((client) => client.busy).length;
  }

  /** Starts an operation, unless its client is busy still. */
  start({ client: id, op: name, key }: Omit<SimOperation, "atMs">): boolean {
    const client = this.#clients[id]!;
    if (client.busy) {
      this.skipped++;
      return false;
    }
    const { now } = this.#in.world;
    const op = OP_OF[name];
    const expected = name === "versionedPut" ? (client.versions.get(key) ?? 0) : -1;
    const isWrite = op === OP_PUT || op === OP_APPEND;
    const number = isWrite ? ++this.#values : NO_VALUE;
    const value = isWrite ? this.#valueBytes(number) : NO_BYTES;
    client.busy = true;
    client.serial = null;
    client.op = op;
    client.key = key;
    client.floor = this.#in.committedIndex();
    this.started++;
    this.#writer.invoke(client.process, op, this.#keyId(key), number, expected, now * 1000);
    this.#in.observe?.(now, {
      kind: "invoke",
      client: id,
      text: `${OP_NAMES[op]} ${keyName(key)}${isWrite ? ` v${number}` : ""}`,
    });
    const flags = expected >= 0 ? FLAG_EXPECTED : 0;
    client.clerk.start(0, op, flags, Math.max(0, expected), this.#bytesOf(key), value, now);
    this.#arm(id);
    return true;
  }

  /** A response from the node at `position` of the nodes. */
  onResponse(client: number, position: number, response: Response, body: Uint8Array): void {
    this.#clients[client]!.clerk.onResponse(position, response, body, this.#in.world.now);
    this.#arm(client);
  }

  /** The node at `position` has crashed, or is back. */
  onClosed(position: number): void {
    for (const [id, { clerk }] of this.#clients.entries()) {
      clerk.onClosed(position, 0, this.#in.world.now);
      this.#arm(id);
    }
  }

  onOpened(position: number): void {
    for (const { clerk } of this.#clients) clerk.onOpened(position);
  }

  /** A node has applied a command: what became of it, told of each index by the first to apply it. */
  onApply(
    index: number,
    command: Uint8Array,
    { status, version, index: at }: Result,
    group: number = GROUP_1,
  ): void {
    if (index <= (this.#appliedIndex.get(group) ?? 0)) return;
    this.#appliedIndex.set(group, index);
    if (status === WRONG_SHARD) return;
    const view = new DataView(command.buffer, command.byteOffset, command.byteLength);
    const keyEnd = COMMAND_HEADER_BYTES + commandKeyBytes(view, 0);
    const key = command.subarray(COMMAND_HEADER_BYTES, keyEnd);
    const serial = serialOf(this.#shardOf(key), commandSession(view, 0), commandSeq(view, 0));
    if (serial !== null && !this.#results.has(serial)) {
      this.#results.set(serial, { status, version, at });
    }
  }

  #shardOf(key: Uint8Array): number {
    return this.#shards === 1 ? 0 : shardOf(key, this.#shards);
  }

  /**
   * What the clients saw; call it once the cluster has settled. Of operations that were given up it
   * tells what the log knows of them, as if their clients had waited until now: an operation that
   * may or may not have happened at any time costs the checker far more than one that did.
   */
  history(): History {
    if (this.#settled === null) {
      const seen = this.seen();
      for (const { process, serial } of this.#unknown) this.#settle(process, serial);
      this.#settled = joined([seen, this.#written()]);
    }
    return readHistory(this.#settled, "simulated history");
  }

  /** A history file (history/format.ts) of what the clients saw until the first call, and no more. */
  seen(): Uint8Array {
    return (this.#seen ??= this.#written());
  }

  #written(): Uint8Array {
    const blocks: Uint8Array[] = [];
    for (let b = this.#writer.take(); b !== null; b = this.#writer.take()) blocks.push(b);
    return joined(blocks);
  }

  #settle(process: number, serial: string | null): void {
    const atUs = this.#in.world.now * 1000;
    const result = serial === null ? undefined : this.#results.get(serial);
    const outcome = result === undefined ? undefined : OUTCOME_BY_STATUS.get(result.status);
    if (result === undefined || outcome === undefined) {
      this.#writer.complete(process, OUTCOME_FAIL, -1, 0, NO_VALUE, atUs);
    } else {
      this.#writer.complete(process, outcome, result.version, result.at, NO_VALUE, atUs);
    }
  }

  #done(id: number, done: Completion): void {
    const client = this.#clients[id]!;
    const { now, trace } = this.#in.world;
    const outcome = OUTCOME_OF[done.outcome]!;
    client.busy = false;
    trace.mix(done.outcome * 256 + id);
    trace.mix(done.index);
    if (outcome === OUTCOME_OK) this.#checkIndex(client, done.index);
    if (outcome === OUTCOME_OK || outcome === OUTCOME_MISMATCH) {
      this.succeeded++;
      if (done.version >= 0) client.versions.set(client.key, done.version);
    }
    const text =
      client.op === OP_GET && done.status === STATUS.ok.code
        ? unpadded(done.valueIn.subarray(done.valueAt, done.valueAt + done.valueBytes))
        : null;
    const value = text === null ? NO_VALUE : this.#valueHandle(text);
    const { process, serial } = client;
    if (outcome === OUTCOME_INFO && client.op !== OP_GET) this.#unknown.push({ process, serial });
    else this.#writer.complete(process, outcome, done.version, done.index, value, now * 1000);
    if (outcome === OUTCOME_INFO) client.process = this.#processes++;
    this.#in.observe?.(now, {
      kind: "complete",
      client: id,
      text: `${OUTCOME_NAMES[outcome]}${text === null ? "" : ` ${text}`}`,
    });
    this.onDone(id, outcome);
  }

  /** What was done at an index must be committed there; a read must not be older than its call. */
  #checkIndex({ op, floor, process, key }: SimClient, index: number): void {
    if (this.#shards > 1) return;
    const committed = this.#in.committedIndex();
    if (index > committed) {
      violated("ORC", `client ${process} was told index ${index}; ${committed} is committed`);
    }
    if (op === OP_GET && index < floor) {
      const what = `client ${process} read ${keyName(key)}`;
      violated("RI", `${what} at index ${index}, begun when ${floor} was committed`);
    }
  }

  #arm(id: number): void {
    const client = this.#clients[id]!;
    const at = client.clerk.deadline();
    if (at >= client.tickAt) return;
    client.tickAt = at;
    const { world } = this.#in;
    world.at(at, EVENT.clerk, id, () => {
      if (client.tickAt !== at) return;
      client.tickAt = Infinity;
      client.clerk.tick(world.now);
      this.#arm(id);
    });
  }

  #valueBytes(number: number): Uint8Array {
    return encoder.encode(`v${number}`.padEnd(this.#in.config.valueBytes ?? 0, PADDING));
  }

  #keyId(key: number): number {
    let id = this.#keyIds.get(key);
    if (id === undefined) this.#keyIds.set(key, (id = this.#writer.defineKey(keyName(key))));
    return id;
  }

  #bytesOf(key: number): Uint8Array {
    let bytes = this.#keyBytes.get(key);
    if (bytes === undefined) this.#keyBytes.set(key, (bytes = encoder.encode(keyName(key))));
    return bytes;
  }

  #valueHandle(text: string): number {
    if (/^v\d+$/.test(text)) return Number(text.slice(1));
    let handle = this.#texts.get(text);
    if (handle === undefined) this.#texts.set(text, (handle = this.#writer.defineValue(text)));
    return handle;
  }
}
