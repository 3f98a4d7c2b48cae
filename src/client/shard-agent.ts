import type { ShardController } from "../kv/shard-controller.ts";
import type { ShardKv } from "../kv/shard-kv.ts";
import { encodeConfig } from "../kv/shard-config.ts";
import { encodeShard, OP_ADOPT, OP_DROP, OP_DROPPED } from "../kv/shard-ops.ts";
import { OK } from "../kv/status.ts";
import type { Prng } from "../lib/prng.ts";
import type { Response } from "../wire/client.ts";
import { Asker } from "./asker.ts";
import type { ClerkPorts } from "./ports.ts";
import { ShardMap } from "./shard-map.ts";
import { ShardPull } from "./shard-pull.ts";

/** All groups that are led here are looked at this often, and when the config has changed. */
const LOOK_MS = 100;
/** Where the owner is awake anyway it looks somewhat sooner, instead of waking it once more. */
const LOOK_EARLY_MS = 30;
/** After a step that could not be done: its other side is not so far, or not there. */
const RETRY_MS = 20;
/** Shards that arrive at one group at a time: one after the other, so that each is away for its own copy only. */
const PULLS_MAX = 1;

/** One group of shards that this node is a member of. */
export type AgentGroup = {
  readonly group: number;
  /** This node leads it now. */
  readonly leads: boolean;
  readonly machine: Pick<ShardKv, "config" | "isMoving" | "report">;
};

export type AgentOptions = {
  readonly shards: number;
  readonly nodeIds: readonly number[];
  readonly prng: Prng;
  /** The controller's state on this node: a config that is applied here is committed. */
  readonly controller: Pick<ShardController, "config" | "configAt">;
  readonly groups: () => Iterable<AgentGroup>;
};

type Task = {
  adopting: boolean;
  /** Telling an old owner, or the own group that it has been told. */
  dropping: boolean;
  readonly pulls: Map<number, ShardPull>;
  /** Nothing is begun before. */
  retryAt: number;
};

/**
 * What the leaders on one node do for their groups by themselves: adopt the next config, pull the shards that it
 * brings, tell old owners to drop them (docs/adr/0020). All of it is commands that any client could send, to
 * the own group as to others. What another leader did before shows in the group's state; what two do at
 * once does no harm. Sans-I/O: the caller passes responses and the time, and ticks no later than `deadline`.
 */
export class ShardAgent {
  readonly #options: AgentOptions;
  readonly #asker: Asker;
  readonly #map: ShardMap;
  readonly #tasks = new Map<number, Task>();
  #lookAt = 0;
  #seen = 0;

  constructor(options: AgentOptions, send: ClerkPorts["send"]) {
    const { shards, nodeIds, prng } = options;
    this.#options = options;
    this.#map = new ShardMap(shards, nodeIds, () => {});
    this.#asker = new Asker(nodeIds, prng, send, this.#map);
  }

  onResponse(node: number, response: Response, body: Uint8Array, now: number): void {
    this.#asker.onResponse(node, response, body, now);
  }

  onClosed(node: number, now: number): void {
    this.#asker.onClosed(node, now);
  }

  onOpened(node: number): void {
    this.#asker.onOpened(node);
  }

  deadline(): number {
    return Math.min(this.#lookAt, this.#asker.deadline());
  }

  /** Call it when the deadline has come, and after what was applied on this node. */
  tick(now: number): void {
    this.#asker.tick(now);
    const { num } = this.#options.controller.config;
    if (now < this.#lookAt - LOOK_EARLY_MS && num === this.#seen) return;
    this.#seen = num;
    this.#lookAt = now + LOOK_MS;
    this.#map.update(this.#options.controller.config);
    for (const group of this.#options.groups()) {
      if (group.leads) this.#look(group, now);
      else this.#tasks.delete(group.group);
    }
  }

  #look(group: AgentGroup, now: number): void {
    let task = this.#tasks.get(group.group);
    if (task === undefined) {
      task = { adopting: false, dropping: false, pulls: new Map(), retryAt: 0 };
      this.#tasks.set(group.group, task);
    }
    if (now < task.retryAt) return this.#lookLater(task.retryAt);
    this.#adopt(group, task, now);
    if (!group.machine.isMoving) return;
    const report = group.machine.report();
    for (const { state, shard, num, other, bytes } of report.shards) {
      if (state !== "arriving" || task.pulls.has(shard) || task.pulls.size >= PULLS_MAX) continue;
      this.#pull(group, task, { shard, num, from: other, offset: bytes }, now);
    }
    const drop = report.toDrop[0];
    if (drop !== undefined) this.#drop(group, task, drop, now);
  }

  #adopt(group: AgentGroup, task: Task, now: number): void {
    const next = this.#options.controller.configAt(group.machine.config.num + 1);
    if (next === null || task.adopting) return;
    task.adopting = this.#asker.ask(
      group.group,
      OP_ADOPT,
      next.num,
      encodeConfig(next),
      now,
      (reply, later) => {
        task.adopting = false;
        this.#goOn(group, task, reply?.status === OK, later);
      },
    );
  }

  #pull(
    group: AgentGroup,
    task: Task,
    what: ConstructorParameters<typeof ShardPull>[1],
    now: number,
  ): void {
    const pull = new ShardPull(
      group.group,
      what,
      (to, op, expected, value, at, onReply) =>
        this.#tasks.get(group.group) === task &&
        group.leads &&
        this.#asker.ask(to, op, expected, value, at, onReply),
      (isDone, later) => {
        task.pulls.delete(what.shard);
        this.#goOn(group, task, isDone, later);
      },
    );
    task.pulls.set(what.shard, pull);
    pull.start(now);
  }

  #drop(
    group: AgentGroup,
    task: Task,
    { shard, num, from }: { readonly shard: number; readonly num: number; readonly from: number },
    now: number,
  ): void {
    if (task.dropping) return;
    const value = encodeShard(shard);
    const ended = (isDone: boolean, later: number): void => {
      task.dropping = false;
      this.#goOn(group, task, isDone, later);
    };
    task.dropping = this.#asker.ask(from, OP_DROP, num, value, now, (reply, later) => {
      if (reply?.status !== OK) return ended(false, later);
      const isOut = this.#asker.ask(group.group, OP_DROPPED, num, value, later, (own, last) =>
        ended(own?.status === OK, last),
      );
      if (!isOut) ended(false, later);
    });
  }

  /** A step has ended: the next one at once, or after a pause. */
  #goOn(group: AgentGroup, task: Task, isDone: boolean, now: number): void {
    if (this.#tasks.get(group.group) !== task || !group.leads) return;
    if (isDone) return this.#look(group, now);
    task.retryAt = now + RETRY_MS;
    this.#lookLater(task.retryAt);
  }

  #lookLater(at: number): void {
    this.#lookAt = Math.min(this.#lookAt, at);
  }
}
