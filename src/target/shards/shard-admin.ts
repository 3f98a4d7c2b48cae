import { Clerk } from "../../client/clerk.ts";
import { type Completion, DONE_FAIL, DONE_MISMATCH, DONE_OK } from "../../client/ports.ts";
import type { Routing } from "../../client/routing.ts";
import { ShardMap } from "../../client/shard-map.ts";
import { FLAG_EXPECTED, type OpCode } from "../../kv/command.ts";
import { changeOp, type ConfigChange, encodeChange, encodeQuery } from "../../kv/config-changes.ts";
import { CONTROLLER_GROUP, decodeConfig, type ShardConfig } from "../../kv/shard-config.ts";
import { OP_QUERY, OP_SHARDS, type ShardsReport } from "../../kv/shard-ops.ts";
import { Prng } from "../../lib/prng.ts";
import { STATUS } from "../../wire/errors.ts";
import { ClientConnection } from "../client-connection.ts";
import { NodeConnections } from "../connected.ts";
import type { ClusterAddress, GroupShards, ShardsStatus } from "../target.ts";

const SLOTS = 256;
const ATTEMPT_TIMEOUT_MS = 300;
const TICK_MS = 5;
const NO_BYTES = new Uint8Array(0);

/** What became of a change of the config. */
export type Changed =
  | { readonly kind: "done"; readonly config: ShardConfig }
  /** The newest config is `num`, not the one that it was for. */
  | { readonly kind: "outdated"; readonly num: number }
  /** It was not made: `why` is a status (wire/errors.ts). */
  | { readonly kind: "refused"; readonly why: string }
  /** No answer in time: it may have been made, or may yet. */
  | { readonly kind: "unknown" };

type Answer = {
  readonly outcome: number;
  readonly status: number;
  readonly version: number;
  readonly value: Uint8Array;
  /** Who answered last. */
  readonly node: number;
};

/**
 * Asks the controller and the groups of a sharded cluster over its client ports, and has the config
 * changed, each change exactly once. Nodes and leaders come and go meanwhile.
 */
export class ShardAdmin {
  readonly #nodeIds: readonly number[];
  readonly #clerk: Clerk;
  readonly #map: ShardMap;
  readonly #connections: NodeConnections<ClientConnection>;
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #ticking: Timer;
  /** Index of the node whose answer is being handled. */
  #answering = 0;

  /** `withinMs`: the time that each request may take. */
  constructor({ nodes }: ClusterAddress, withinMs: number) {
    this.#nodeIds = nodes.map(({ id }) => id);
    this.#map = new ShardMap(1, this.#nodeIds, () => {});
    const map = this.#map;
    // What has a session goes to the controller, all else to the group that is named.
    const routing: Routing = {
      shards: 1,
      shardOf: () => 0,
      groupOf: () => CONTROLLER_GROUP,
      leaderOf: (group) => map.leaderOf(group),
      allLeaders: () => map.allLeaders(),
      wrongShard: () => {},
    };
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    this.#clerk = new Clerk(
      {
        ...{ slots: SLOTS, nodeIds: this.#nodeIds, lanes: 1, homeShare: 0, prng: new Prng(seed) },
        ...{ timeoutMs: withinMs, attemptTimeoutMs: Math.min(ATTEMPT_TIMEOUT_MS, withinMs) },
      },
      {
        send: (node, lane, id, command, group) =>
          this.#connections.of[node]![lane]!.request(id, command, group),
        onDone: (slot, done) => this.#done(slot, done),
      },
      routing,
    );
    this.#connections = new NodeConnections(nodes.length, 1, (node) => {
      const { host, port } = nodes[node]!;
      return new ClientConnection(host, port, {
        onOpen: () => this.#clerk.onOpened(node),
        onResponse: (response, body, now) => {
          this.#answering = node;
          this.#clerk.onResponse(node, response, body, now);
        },
        onClose: () => this.#clerk.onClosed(node, 0, performance.now()),
      });
    });
    this.#ticking = setInterval(() => this.#clerk.tick(performance.now()), TICK_MS);
  }

  /** Ends the connections; what is still asked is never answered. */
  close(): void {
    clearInterval(this.#ticking);
    this.#connections.close();
  }

  /** Config `num`, or the newest; null: the controller did not answer, or has no such config. */
  async query(num: number | null = null): Promise<ShardConfig | null> {
    const { outcome, status, value } = await this.#ask(
      CONTROLLER_GROUP,
      OP_QUERY,
      encodeQuery(num),
    );
    if (outcome !== DONE_OK || status !== STATUS.ok.code) return null;
    const config = decodeConfig(value);
    if (config !== null && num === null) this.#learn(config);
    return config;
  }

  /** Every config so far, by number; null: the controller did not answer. */
  async configs(): Promise<readonly ShardConfig[] | null> {
    const newest = await this.query();
    if (newest === null) return null;
    const before: ShardConfig[] = [];
    for (let num = 0; num < newest.num; num++) {
      const config = await this.query(num);
      if (config === null) return null;
      before.push(config);
    }
    return [...before, newest];
  }

  /** Makes the change if config `expected` is still the newest. */
  async change(change: ConfigChange, expected: number): Promise<Changed> {
    const slot = await this.#slot();
    const op = changeOp(change) as OpCode;
    const done = this.#answer(slot);
    const now = performance.now();
    this.#clerk.start(slot, op, FLAG_EXPECTED, expected, NO_BYTES, encodeChange(change), now);
    const { outcome, status, version, value } = await done;
    if (outcome === DONE_MISMATCH) return { kind: "outdated", num: version };
    if (outcome === DONE_FAIL) return { kind: "refused", why: statusText(status) };
    const config = outcome === DONE_OK ? decodeConfig(value) : null;
    if (config === null) return { kind: "unknown" };
    this.#learn(config);
    return { kind: "done", config };
  }

  /** What a group says of its shards; null: it has no leader, or that did not answer. */
  async group(group: number, nodes: readonly number[]): Promise<GroupShards> {
    this.#map.setNodes(group, nodes);
    const { outcome, status, value, node } = await this.#ask(group, OP_SHARDS, NO_BYTES);
    if (outcome !== DONE_OK || status !== STATUS.ok.code) return { group, leader: 0, report: null };
    const report = JSON.parse(new TextDecoder().decode(value)) as ShardsReport;
    return { group, leader: this.#nodeIds[node]!, report };
  }

  /**
   * The newest config, and what each group says: those of that config and of the one before, since a group that
   * has left may still have shards to give. Null: the controller did not answer.
   */
  async status(): Promise<ShardsStatus | null> {
    const config = await this.query();
    if (config === null) return null;
    const before = config.num === 0 ? null : await this.query(config.num - 1);
    const places = [...(before?.groups ?? []), ...config.groups];
    const asked = new Map(places.map(({ id, nodes }) => [id, nodes]));
    const groups = await Promise.all(
      [...asked].sort(([a], [b]) => a - b).map(([id, nodes]) => this.group(id, nodes)),
    );
    return { config, groups };
  }

  #learn(config: ShardConfig): void {
    for (const { id, nodes } of config.groups) this.#map.setNodes(id, nodes);
  }

  async #ask(group: number, op: number, value: Uint8Array): Promise<Answer> {
    const slot = await this.#slot();
    const answer = this.#answer(slot);
    this.#clerk.ask(slot, group, op, 0, 0, value, performance.now());
    return answer;
  }

  /** Waits for a free one: there are many more than anybody asks at once. */
  async #slot(): Promise<number> {
    for (;;) {
      const slot = this.#free.pop();
      if (slot !== undefined) return slot;
      await Bun.sleep(TICK_MS);
    }
  }

  #answer(slot: number): Promise<Answer> {
    return new Promise((resolve) => this.#waiting.set(slot, resolve));
  }

  #done(
    slot: number,
    { outcome, status, version, valueIn, valueAt, valueBytes }: Completion,
  ): void {
    const value = valueIn.slice(valueAt, valueAt + valueBytes);
    const resolve = this.#waiting.get(slot)!;
    this.#waiting.delete(slot);
    this.#free.push(slot);
    resolve({ outcome, status, version, value, node: this.#answering });
  }
}

const statusText = (status: number): string =>
  Object.values(STATUS).find(({ code }) => code === status)?.about ?? `status ${status}`;
