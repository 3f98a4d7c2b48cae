import { type AgentGroup, ShardAgent } from "../client/shard-agent.ts";
import type { ShardController } from "../kv/shard-controller.ts";
import type { Prng } from "../lib/prng.ts";
import type { Millis } from "../raft/api.ts";
import type { NodeConfigFile } from "./config.ts";
import { NodeDialer } from "./node-dialer.ts";

export type GroupClientOptions = {
  readonly shards: number;
  readonly nodes: NodeConfigFile["nodes"];
  readonly prng: Prng;
  readonly now: () => Millis;
  readonly controller: ShardController;
  readonly groups: () => Iterable<AgentGroup>;
  /** Something came in that `turn` must follow up. */
  readonly onBurst: () => void;
  readonly onFatal: (error: unknown) => void;
};

/**
 * The node as a client of all nodes, itself included: carries what its shard agent asks the groups. What it
 * asks leaves in `turn`, as replies do at the end of a turn.
 */
export class GroupClient {
  readonly #now: () => Millis;
  readonly #agent: ShardAgent;
  readonly #dialers: readonly NodeDialer[];

  constructor(options: GroupClientOptions) {
    const { shards, nodes, prng, controller, groups, onBurst, onFatal } = options;
    this.#now = options.now;
    const nodeIds = nodes.map((node) => node.id);
    this.#agent = new ShardAgent(
      { shards, nodeIds, prng, controller, groups },
      (node, _lane, requestId, command, group) =>
        this.#dialers[node]!.request(group, requestId, command),
    );
    this.#dialers = nodes.map(({ host, clientPort }, node) => {
      return new NodeDialer(host, clientPort, {
        onOpen: () => this.#agent.onOpened(node),
        onResponse: (response, body) => {
          this.#agent.onResponse(node, response, body, this.#now());
          onBurst();
        },
        onClose: () => {
          this.#agent.onClosed(node, this.#now());
          onBurst();
        },
        onFatal,
      });
    });
  }

  /** When `turn` is next due without anything coming in. */
  deadline(): Millis {
    return this.#agent.deadline();
  }

  /** Does what is due, and sends what was asked since the last time. */
  turn(): void {
    this.#agent.tick(this.#now());
    for (const dialer of this.#dialers) dialer.flush();
  }

  stop(): void {
    for (const dialer of this.#dialers) dialer.stop();
  }
}
