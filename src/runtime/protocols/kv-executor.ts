import { type Command, isReadOp } from "../../kv/command.ts";
import { NO_GROUP } from "../../kv/shard-config.ts";
import { GROUP_1, NO_NODE } from "../../lib/ids.ts";
import type { NodeAddress } from "../config.ts";
import type { KeyPlace } from "../groups.ts";
import type { HttpReply } from "../http/http-client-port.ts";
import { RemoteNode } from "./remote-node.ts";

/** How long a leader is looked for, and an answer waited for. */
const PATIENCE_MS = 5_000;
/** Between two attempts where nobody is known to lead. */
const PAUSE_MS = 10;
const NO_KEY = new Uint8Array(0);
const NOBODY: HttpReply = {
  ...{ status: "notLeader", leaderHint: NO_NODE, version: 0, index: 0 },
  value: NO_KEY,
};

const UNSERVED: HttpReply = { ...NOBODY, status: "wrongShard" };

export type KvExecutorOptions = {
  readonly self: number;
  readonly now: () => number;
  /** As they are known now. */
  readonly nodes: () => readonly NodeAddress[];
  /** Asks the group of this node. */
  readonly request: (group: number, command: Command) => Promise<HttpReply>;
  /** Which group has a key; null: nothing is sharded. */
  readonly placeOf: (key: Uint8Array) => KeyPlace | null;
  /** Id of the node that leads a group, as far as this node knows; 0: unknown. */
  readonly leaderId: (group: number) => number;
  readonly onFatal: (error: unknown) => void;
};

/**
 * Carries a command out, wherever the leader of its group is: here, or on a node that it is forwarded to.
 * A refusal is followed up for some seconds, as long as it proves that nothing was done. A write whose answer
 * is lost ends as unknown: without a session nothing tells a repeated write from a second one. Reads
 * are repeated.
 */
export class KvExecutor {
  readonly #options: KvExecutorOptions;
  readonly #remotes = new Map<number, RemoteNode>();
  /** Who led a group of which this node has no replica, when it was last asked. */
  readonly #leaders = new Map<number, number>();
  #turn = 0;
  #isStopped = false;

  constructor(options: KvExecutorOptions) {
    this.#options = options;
  }

  /** The node to ask for `leaderHint`, for clients that have to ask it themselves. */
  addressOf(nodeId: number): NodeAddress | null {
    return this.#options.nodes().find(({ id }) => id === nodeId) ?? null;
  }

  /** Keys are in several groups. */
  get isSharded(): boolean {
    return this.#options.placeOf(NO_KEY) !== null;
  }

  /** The group of a key; 0: no group serves its shard. */
  groupOf(key: Uint8Array): number {
    return this.#options.placeOf(key)?.group ?? GROUP_1;
  }

  /** Resolves with the outcome: its status is `timeout` or `leadershipLost` where that is not known. Never rejects. */
  async execute(command: Command): Promise<HttpReply> {
    const deadline = this.#options.now() + PATIENCE_MS;
    const isRead = isReadOp(command.op);
    let reply = NOBODY;
    for (;;) {
      const place = this.#options.placeOf(command.key);
      if (place?.group === NO_GROUP) reply = UNSERVED;
      const group = place?.group ?? GROUP_1;
      const node = this.#nodeFor(group, place?.nodes ?? []);
      if (node !== NO_NODE) {
        reply = await this.#ask(node, group, command, deadline);
        if (!this.#isWorthAnother(reply, isRead)) return reply;
        this.#learn(group, node, reply);
        // Whoever gives up on this node may have more luck with that one.
        if (reply.leaderHint === NO_NODE) reply = { ...reply, leaderHint: node };
      }
      if (this.#isStopped || this.#options.now() >= deadline) return reply;
      await Bun.sleep(PAUSE_MS);
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const remote of [...this.#remotes.values()]) remote.stop();
    this.#remotes.clear();
  }

  #isWorthAnother({ status }: HttpReply, isRead: boolean): boolean {
    switch (status) {
      case "notLeader":
      case "noGroup":
      case "wrongShard":
      case "shuttingDown":
        return true;
      case "leadershipLost":
      case "timeout":
        return isRead;
      default:
        return false;
    }
  }

  /** The leader if one is known; else each of the group's nodes in turn. `nodes`: of a sharded cluster. */
  #nodeFor(group: number, nodes: readonly number[]): number {
    const { leaderId } = this.#options;
    const leader = leaderId(group) || this.#leaders.get(group) || NO_NODE;
    if (leader !== NO_NODE || nodes.length === 0) return leader;
    return nodes[this.#turn++ % nodes.length]!;
  }

  #learn(group: number, asked: number, { leaderHint }: HttpReply): void {
    if (leaderHint !== NO_NODE && leaderHint !== asked) this.#leaders.set(group, leaderHint);
    else this.#leaders.delete(group);
  }

  #ask(node: number, group: number, command: Command, deadline: number): Promise<HttpReply> {
    const { self, request, onFatal, now } = this.#options;
    if (node === self) return request(group, command);
    let remote = this.#remotes.get(node);
    if (remote === undefined) {
      const address = this.addressOf(node);
      if (address === null || this.#isStopped) return Promise.resolve(NOBODY);
      remote = new RemoteNode(address, now, () => this.#remotes.delete(node), onFatal);
      this.#remotes.set(node, remote);
    }
    return remote.request(group, command, deadline);
  }
}
