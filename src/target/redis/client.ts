import { PlainClerk, type PlainOps, type Refusal } from "../../client/plain-clerk.ts";
import { DONE_MISMATCH, DONE_OK } from "../../client/ports.ts";
import { FLAG_EXPECTED } from "../../kv/command.ts";
import { NodeConnections } from "../connected.ts";
import type { ProtocolClient, StoreClientEvents, StoreClientOptions } from "../store-client.ts";
import { dialRedis, type RedisConnection } from "./connection.ts";
import { encodeCommand, type Reply } from "./resp.ts";
import { scriptOf } from "./scripts.ts";

const ATTEMPT_TIMEOUT_MS = 300;
/** Counts all writes of the store. */
const INDEX_KEY = "ordeal:index";
/** The first number of a script's answer. */
const MISMATCH = 2;

/** Errors that Redis says before it runs a script (server.c, processCommand; eval.c). */
const NOT_RUN = /^(READONLY|LOADING|NOSCRIPT|MASTERDOWN|MISCONF|NOREPLICAS|OOM|BUSY|NOAUTH) /;

/** Two: while Redis syncs its file for the commands of one, those of the other come in. */
const LANES_MAX = 2;

/** Redis by the scripts of scripts.ts, over pipelining connections. */
export class RedisClient implements ProtocolClient {
  readonly clerk: PlainClerk;
  readonly connections: NodeConnections<RedisConnection>;
  /** A command without a reply is known by `attempt × slots + slot`. */
  readonly #slots: number;

  constructor(options: StoreClientOptions, events: StoreClientEvents) {
    const { address, clients, connections, timeoutMs, homeShare, prng } = options;
    this.#slots = clients;
    this.clerk = new PlainClerk(
      {
        ...{ slots: clients, nodes: address.nodes.length, timeoutMs, homeShare, prng },
        route: "leader",
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

  #dial(node: number, host: string, port: number, events: StoreClientEvents): RedisConnection {
    return dialRedis(host, port, {
      onOpen: () => {
        this.clerk.opened(node);
        this.connections.opened();
      },
      onReply: (tag, reply) => this.#replied(node, tag, reply),
      onChunk: () => events.onInput(),
      onClose: (tags) => {
        const slots = new Set(tags.map((tag) => tag % this.#slots));
        this.clerk.lost(node, slots, performance.now());
        events.onInput();
      },
    });
  }

  #send(node: number, slot: number, attempt: number, ops: PlainOps): boolean {
    const flags = ops.flags[slot]!;
    const { sha } = scriptOf(ops.op[slot]!, flags);
    const args = ["EVALSHA", sha, "2", ops.key[slot]!, INDEX_KEY, ops.value[slot]!];
    if ((flags & FLAG_EXPECTED) !== 0) args.push(String(ops.expected[slot]));
    const lanes = this.connections.of[node]!;
    return lanes[slot % lanes.length]!.send(attempt * this.#slots + slot, encodeCommand(args));
  }

  #replied(node: number, tag: number, reply: Reply): void {
    const now = performance.now();
    const slot = tag % this.#slots;
    if (!this.clerk.awaits(slot, Math.floor(tag / this.#slots), node, now)) return;
    if (!Array.isArray(reply)) return this.clerk.refused(slot, refusalOf(reply), now);
    const [kind, version, index, value] = reply as [number, number, number, Buffer | undefined];
    if (kind === MISMATCH) return this.clerk.succeeded(slot, DONE_MISMATCH, version, 0, now);
    if (value === undefined) return this.clerk.succeeded(slot, DONE_OK, version, index, now);
    this.clerk.succeeded(slot, DONE_OK, version, index, now, value, 0, value.length);
  }
}

/** What an error of Redis says about the command. */
export function refusalOf(reply: Reply): Refusal {
  const isError = reply !== null && typeof reply === "object" && "error" in reply;
  return isError && NOT_RUN.test(`${reply.error} `) ? "refused" : "unsure";
}
