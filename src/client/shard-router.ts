import type { OpCode } from "../kv/command.ts";
import { encodeQuery } from "../kv/config-changes.ts";
import { CONTROLLER_GROUP, decodeConfig } from "../kv/shard-config.ts";
import { OP_QUERY } from "../kv/shard-ops.ts";
import type { Response } from "../wire/client.ts";
import { Clerk } from "./clerk.ts";
import { type ClerkOptions, type ClerkPorts, type Completion, DONE_OK } from "./ports.ts";
import { ShardMap } from "./shard-map.ts";

/** The config is asked for no more often than this, however many operations find it out of date. */
const REFRESH_MS_MIN = 20;
/** And as often as this anyway while there is anything to do: a group that is gone cannot say so. */
const REFRESH_MS = 500;

/**
 * A clerk for a sharded cluster: as Clerk, for keys in many groups. It asks the controller for the shard
 * config, keeps it, and asks again when a group says that a shard is not its own. Each client has a
 * session with each shard that it writes to; they move with the shards (docs/adr/0020).
 */
export class ShardRouter {
  readonly #clerk: Clerk;
  readonly #map: ShardMap;
  /** Of the clerk, beyond those of the clients: the queries. */
  readonly #querySlot: number;
  readonly #query = encodeQuery(null);
  #isAsking = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** When it is asked for next; Infinity: not wanted now. */
  #wantedAt = Number.POSITIVE_INFINITY;

  constructor(shards: number, options: ClerkOptions, ports: ClerkPorts) {
    const { slots, nodeIds } = options;
    this.#querySlot = slots;
    this.#map = new ShardMap(shards, nodeIds, (now) => this.#refresh(now));
    this.#clerk = new Clerk(
      { ...options, slots: slots + 1 },
      {
        send: ports.send,
        onDone: (slot, done, now) => {
          if (slot === this.#querySlot) this.#answered(done, now);
          else ports.onDone(slot, done, now);
        },
      },
      this.#map,
    );
  }

  get map(): ShardMap {
    return this.#map;
  }

  /** As Clerk.start. */
  start(
    slot: number,
    op: OpCode,
    flags: number,
    expected: number,
    key: Uint8Array,
    value: Uint8Array,
    now: number,
    timeoutMs?: number,
  ): void {
    this.#refreshOld(now);
    this.#clerk.start(slot, op, flags, expected, key, value, now, timeoutMs);
  }

  /** As Clerk.cancel. */
  cancel(slot: number, now: number): void {
    this.#clerk.cancel(slot, now);
  }

  /** As Clerk.withdraw. */
  withdraw(slot: number): boolean {
    return this.#clerk.withdraw(slot);
  }

  /** As Clerk.ask. */
  ask(
    slot: number,
    group: number,
    op: number,
    flags: number,
    expected: number,
    value: Uint8Array,
    now: number,
  ): void {
    this.#clerk.ask(slot, group, op, flags, expected, value, now);
  }

  onResponse(node: number, response: Response, body: Uint8Array, now: number): void {
    this.#clerk.onResponse(node, response, body, now);
  }

  onClosed(node: number, lane: number, now: number): void {
    this.#clerk.onClosed(node, lane, now);
  }

  onOpened(node: number): void {
    this.#clerk.onOpened(node);
  }

  /** As Clerk.shed. */
  get shed(): number {
    return this.#clerk.shed;
  }

  deadline(): number {
    return Math.min(
      this.#clerk.deadline(),
      this.#wantedAt === -Infinity ? Infinity : this.#wantedAt,
    );
  }

  tick(now: number): void {
    if (now >= this.#wantedAt) this.#refresh(now);
    // Somebody waits: for a group that cannot say any more that it has left, perhaps.
    if (now >= this.#clerk.deadline()) this.#refreshOld(now);
    this.#clerk.tick(now);
  }

  #refreshOld(now: number): void {
    if (now - this.#askedAt >= REFRESH_MS) this.#refresh(now);
  }

  /** Asks now, or as soon as it may. */
  #refresh(now: number): void {
    if (this.#isAsking) return;
    // The very sum that `deadline` told: a difference may be a little less, and so never come.
    const mayAskAt = this.#askedAt + REFRESH_MS_MIN;
    if (now < mayAskAt) {
      this.#wantedAt = mayAskAt;
      return;
    }
    this.#wantedAt = Number.POSITIVE_INFINITY;
    this.#isAsking = true;
    this.#askedAt = now;
    this.#clerk.ask(this.#querySlot, CONTROLLER_GROUP, OP_QUERY, 0, 0, this.#query, now);
  }

  #answered({ outcome, valueIn, valueAt, valueBytes }: Completion, now: number): void {
    this.#isAsking = false;
    if (outcome !== DONE_OK) return this.#refresh(now);
    const config = decodeConfig(valueIn.subarray(valueAt, valueAt + valueBytes));
    if (config !== null && this.#map.update(config)) this.#clerk.rerouted(now);
  }
}
