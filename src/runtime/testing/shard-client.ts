import { type Completion, DONE_OK } from "../../client/ports.ts";
import { ShardRouter } from "../../client/shard-router.ts";
import { FLAG_EXPECTED, OP_APPEND, OP_GET, OP_PUT, type OpCode } from "../../kv/command.ts";
import { changeOp, type ConfigChange, encodeChange, encodeQuery } from "../../kv/config-changes.ts";
import { CONTROLLER_GROUP, decodeConfig, type ShardConfig } from "../../kv/shard-config.ts";
import { OP_QUERY } from "../../kv/shard-ops.ts";
import { Prng } from "../../lib/prng.ts";
import { statusName } from "../../wire/errors.ts";
import type { NodeConfigFile } from "../config.ts";
import { NodeDialer } from "../node-dialer.ts";

export type ShardReply = {
  /** It took effect. */
  readonly isOk: boolean;
  readonly status: string;
  readonly version: number;
  readonly value: Uint8Array;
  readonly text: string;
};

const SLOTS = 32;
const NO_BYTES = new Uint8Array(0);
const utf8 = new TextEncoder();

/** A client of a sharded cluster that follows its shards, with promises. One operation a slot; 32 may be out. */
export class ShardClient {
  readonly #router: ShardRouter;
  readonly #dialers: readonly NodeDialer[];
  readonly #waiting = new Map<number, (reply: ShardReply) => void>();
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  readonly #timer: Timer;

  constructor(config: NodeConfigFile, seed: number) {
    const options = {
      ...{ slots: SLOTS, lanes: 1, homeShare: 0, prng: new Prng(seed) },
      nodeIds: config.nodes.map((node) => node.id),
      ...{ timeoutMs: 60_000, attemptTimeoutMs: 500 },
    };
    this.#router = new ShardRouter(config.sharding!.shards, options, {
      send: (node, _lane, requestId, command, group) =>
        this.#dialers[node]!.request(group, requestId, command),
      onDone: (slot, done) => this.#onDone(slot, done),
    });
    this.#dialers = config.nodes.map(({ host, clientPort }, node) => {
      return new NodeDialer(host, clientPort, {
        onOpen: () => this.#router.onOpened(node),
        onResponse: (response, body) => {
          this.#router.onResponse(node, response, body, performance.now());
          this.#flush();
        },
        onClose: () => this.#router.onClosed(node, 0, performance.now()),
        onFatal: (error) => {
          throw error;
        },
      });
    });
    this.#timer = setInterval(() => {
      if (this.#router.deadline() <= performance.now()) this.#router.tick(performance.now());
      this.#flush();
    }, 5);
  }

  put(key: string, value: string): Promise<ShardReply> {
    return this.#start(OP_PUT, key, value);
  }

  append(key: string, value: string): Promise<ShardReply> {
    return this.#start(OP_APPEND, key, value);
  }

  get(key: string): Promise<ShardReply> {
    return this.#start(OP_GET, key, "");
  }

  /** Only at config `expected`: one that is asked for again does nothing. */
  change(change: ConfigChange, expected: number): Promise<ShardReply> {
    const { promise, slot } = this.#take();
    const op = changeOp(change);
    const value = encodeChange(change);
    const now = performance.now();
    this.#router.ask(slot, CONTROLLER_GROUP, op, FLAG_EXPECTED, expected, value, now);
    this.#flush();
    return promise;
  }

  /** The newest config. */
  async query(): Promise<ShardConfig> {
    const { promise, slot } = this.#take();
    const value = encodeQuery(null);
    this.#router.ask(slot, CONTROLLER_GROUP, OP_QUERY, 0, 0, value, performance.now());
    this.#flush();
    return decodeConfig((await promise).value)!;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const dialer of this.#dialers) dialer.stop();
  }

  #start(op: OpCode, key: string, value: string): Promise<ShardReply> {
    const { promise, slot } = this.#take();
    const [keyBytes, valueBytes] = [utf8.encode(key), value === "" ? NO_BYTES : utf8.encode(value)];
    this.#router.start(slot, op, 0, 0, keyBytes, valueBytes, performance.now());
    this.#flush();
    return promise;
  }

  #take(): { readonly promise: Promise<ShardReply>; readonly slot: number } {
    const slot = this.#free.pop();
    if (slot === undefined) throw new Error(`more than ${SLOTS} operations at once`);
    const { promise, resolve } = Promise.withResolvers<ShardReply>();
    this.#waiting.set(slot, resolve);
    return { promise, slot };
  }

  #onDone(slot: number, done: Completion): void {
    const { outcome, status, version, valueIn, valueAt, valueBytes } = done;
    const resolve = this.#waiting.get(slot)!;
    this.#waiting.delete(slot);
    this.#free.push(slot);
    const value = valueIn.slice(valueAt, valueAt + valueBytes);
    const text = new TextDecoder().decode(value);
    resolve({ isOk: outcome === DONE_OK, status: statusName(status)!, version, value, text });
  }

  #flush(): void {
    for (const dialer of this.#dialers) dialer.flush();
  }
}
