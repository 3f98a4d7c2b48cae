import { unreachable } from "../../lib/assert.ts";
import { asNode } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import { CLEAR_LINK, type PowerLossKeeps } from "../../fault/vocabulary.ts";
import type { Command } from "../../kv/command.ts";
import { CONTROLLER_GROUP } from "../../kv/shard-config.ts";
import type { Membership } from "../../raft/types.ts";
import type { Response } from "../../wire/client.ts";
import { ClientLinks } from "../client-links.ts";
import { SimClients } from "../clients.ts";
import { SimNetwork } from "../network.ts";
import { EVENT, World } from "../world.ts";
import { FIRST_GROUP, nodesOf, type ShardAction, type ShardSchedule, type Who } from "./api.ts";
import type { CpuCosts } from "./cpu.ts";
import { ShardNode } from "./node.ts";
import type { ShardNodeWorld } from "./life.ts";
import { Operator } from "./operator.ts";
import { ShardWatch } from "./watch.ts";

/** When a peer learns that a process died: its connections break. */
const BROKEN_AFTER_MS = 1;
/** Once all is healed: links as in one data centre, disks as fast as an SSD. */
const HEALTHY_LINK = { ...CLEAR_LINK, delayMs: 0.2, jitterMs: 0.3 };
const HEALTHY_DISK = { latencyMs: 0.1, jitterMs: 0.2 };
const NOTES_MAX = 60;
/** Clients from here on are the operator, and the agents of nodes. */
const OPERATOR = 1_000_000;
const AGENTS = 2_000_000;
const STARTS_MAX = 65_536;
const RAW = OPERATOR + 1;
const LOAD = OPERATOR + 2;

/** What a node answered to a single request; null: not yet. */
export type Raw = { status: number | null };

export type ShardClusterSetup = Pick<
  ShardSchedule,
  "seed" | "nodes" | "groups" | "replicas" | "shards" | "config"
> & {
  readonly agentDelayMs?: number | undefined;
  readonly quiesce?: boolean | undefined;
  /** No node has two groups of shards: the controller's voters come first, then each group's nodes. */
  readonly apart?: boolean;
};

/** A sharded cluster, its clients and its operator in one World, and what a schedule can do to it. */
export class ShardCluster {
  readonly world = new World();
  readonly setup: ShardClusterSetup;
  readonly watch: ShardWatch;
  readonly network: SimNetwork;
  readonly nodes: readonly ShardNode[];
  readonly clients: SimClients;
  readonly operator: Operator;
  /** The groups of shards. */
  readonly groups: readonly number[];
  readonly #links: ClientLinks;
  readonly #notes: string[] = [];
  readonly #raws: Raw[] = [];
  readonly #random: Prng;
  #agentLoss = 0;
  #agentDelayMs: number;
  onResponse: (node: number, response: Response, body: Uint8Array) => void = () => {};
  crashes = 0;
  transfers = 0;

  constructor(setup: ShardClusterSetup, cpu: CpuCosts | null = null) {
    this.setup = setup;
    const { seed, nodes, config, shards } = setup;
    const prng = new Prng(seed);
    this.#random = prng.fork("agents");
    this.#agentDelayMs = setup.agentDelayMs ?? 0;
    const ids = Array.from({ length: nodes }, (_, i) => i + 1);
    const { world } = this;
    this.groups = Array.from({ length: setup.groups }, (_, i) => FIRST_GROUP + i);
    this.watch = new ShardWatch(ids, (text) => this.note(text));
    this.network = new SimNetwork(
      ...([world, ids, config.link, prng] as const),
      (message, group) => this.node(message.to).input(group, { kind: "message", message }),
      null,
    );
    const shared: ShardNodeWorld = {
      ...{ world, config, shards, prng, cpu, nodeIds: ids, watch: this.watch },
      quiesce: setup.quiesce ?? false,
      tellAlive: (from, start, to) =>
        this.network.alive(from, to, () => this.node(to).heard(from, start)),
      membershipOf: (group) => this.#membershipOf(group),
      send: (group, message) => this.network.send(message, group),
      reply: (node, client, requestId, reply) => {
        const to = client >= AGENTS ? agentOf(client).node : node;
        // What a node asks another goes the way of their messages, as far as that is cut.
        if (to !== node && this.network.isCut(node, to)) return;
        if (client >= AGENTS && this.#losesAgents()) return;
        this.#links.reply(node, client, requestId, reply);
      },
      ask: (...asked) => this.#ask(...asked),
      onStopped: (node) => this.crash(node, "process"),
      onApply: (group, index, command, result) =>
        this.clients.onApply(index, command, result, group),
    };
    const placed = [CONTROLLER_GROUP, ...this.groups];
    this.nodes = ids.map((id) => {
      const groups = placed.filter((group) => this.nodesOf(group).includes(id));
      return new ShardNode(id, groups, config.clocks[id - 1] ?? { rate: 1, offsetMs: 0 }, shared);
    });
    this.clients = new SimClients({
      ...{ world, config, prng, shards, nodes: ids, observe: null },
      send: (node, client, requestId, command, group) =>
        this.#links.request(node, client, requestId, command, group),
      committedIndex: () => 0,
    });
    this.operator = new Operator(
      world,
      ids,
      prng.fork("operator"),
      (node, _lane, requestId, command, group) =>
        this.#links.request(ids[node]!, OPERATOR, requestId, command, group),
    );
    this.#links = new ClientLinks(
      ...([world, this.nodes, prng.fork("client links"), config.link.loss] as const),
      (...answer) => this.#onAnswer(...answer),
    );
    for (const node of this.nodes) node.start();
  }

  /** A request of a node's agent: it goes the way of the messages between nodes, as far as that is cut. */
  #ask(
    ...[from, start, to, requestId, command, group]: Parameters<ShardNodeWorld["ask"]>
  ): boolean {
    const client = AGENTS + from * STARTS_MAX + (start % STARTS_MAX);
    if (!this.node(to).isUp) return false;
    if ((from !== to && this.network.isCut(from, to)) || this.#losesAgents()) return true;
    if (this.#agentDelayMs === 0) {
      return this.#links.request(to, client, requestId, command, group);
    }
    const copy = { ...command, key: command.key.slice(), value: command.value.slice() };
    this.world.at(this.world.now + this.#agentDelayMs, EVENT.request, from, () => {
      this.#links.request(to, client, requestId, copy, group);
    });
    return true;
  }

  #onAnswer(client: number, node: number, response: Response, body: Uint8Array): void {
    if (client >= AGENTS) {
      const agent = agentOf(client);
      this.node(agent.node).onAnswer(agent.start, node, response, body);
    } else if (client === RAW) this.#raws[response.requestId]!.status = response.status;
    else if (client === LOAD) this.onResponse(node, response, body);
    else if (client === OPERATOR) this.operator.onResponse(node - 1, response, body);
    else this.clients.onResponse(client, node - 1, response, body);
  }

  node(id: number): ShardNode {
    return this.nodes[id - 1]!;
  }

  nodesOf(group: number): readonly number[] {
    const { nodes, replicas, apart = false } = this.setup;
    if (!apart || group === CONTROLLER_GROUP) return nodesOf(group, nodes, replicas);
    const first = replicas * (group - FIRST_GROUP + 1);
    return Array.from({ length: replicas }, (_, i) => first + i + 1);
  }

  /** Where groups are apart, those of shards only follow the controller: they may all be down. */
  #membershipOf(group: number): Membership {
    const all = this.nodesOf(group).map(asNode);
    const { apart = false, replicas } = this.setup;
    const voters = apart && group === CONTROLLER_GROUP ? all.slice(0, replicas) : all;
    return { voters, votersOutgoing: [], learners: all.slice(voters.length) };
  }

  /** A request of a client that is not one of `clients`; the answer goes to `onResponse`. */
  request(node: number, requestId: number, command: Command, group: number): boolean {
    return this.#links.request(node, LOAD, requestId, command, group);
  }

  /** Puts a command to one node, as no client would. */
  raw(node: number, group: number, command: Command): Raw {
    const raw: Raw = { status: null };
    this.#raws.push(raw);
    this.#links.request(node, RAW, this.#raws.length - 1, command, group);
    return raw;
  }

  /** The leader of the highest term of a group, among the nodes that run; 0: there is none. */
  leaderOf(group: number): number {
    let leader = 0;
    let term = 0;
    for (const id of this.nodesOf(group)) {
      const status = this.node(id).status(group);
      if (status?.role !== "leader" || status.term <= term) continue;
      leader = id;
      term = status.term;
    }
    return leader;
  }

  act(action: ShardAction): void {
    const { atMs: _, ...what } = action;
    this.note(JSON.stringify(what));
    this.#act(action);
  }

  crash(id: number, how: "process" | PowerLossKeeps): void {
    const node = this.node(id);
    const wasUp = node.isUp;
    if (how === "process") node.kill();
    else node.losePower(how);
    if (!wasUp) return;
    this.crashes++;
    this.world.at(this.world.now + BROKEN_AFTER_MS, EVENT.unreachable, id, () => {
      for (const other of this.nodes) if (other.id !== id) other.lost(id);
      this.clients.onClosed(id - 1);
      this.operator.onClosed(id - 1);
    });
  }

  restart(id: number): void {
    this.network.started(id);
    if (!this.node(id).start()) return;
    this.clients.onOpened(id - 1);
    this.operator.onOpened(id - 1);
    for (const other of this.nodes) other.onOpened(id);
  }

  /** Share of the frames between nodes, and between clients and nodes, that is lost. */
  setLoss(ratio: number): void {
    if (ratio > 0)
      this.network.table.disturb(this.network.ids, { kind: "loss", ratio, nodes: { kind: "all" } });
    this.network.changed();
    this.#links.loss = ratio;
  }

  /** Cuts the links between `nodes` and the others. Clients reach all. */
  partition(nodes: readonly number[]): void {
    const isIn = (id: number): boolean => nodes.includes(id);
    this.network.cut(this.network.table.settings.filter(({ from, to }) => isIn(from) !== isIn(to)));
  }

  /** Lifts every fault, and starts who is down. */
  heal(): void {
    this.network.renew(HEALTHY_LINK);
    this.#links.loss = 0;
    this.#agentLoss = this.#agentDelayMs = 0;
    for (const node of this.nodes) {
      node.disk.setSpeed(HEALTHY_DISK);
      node.disk.heal();
      if (!node.isUp) this.restart(node.id);
      else if (node.isPaused) node.resume();
    }
  }

  /** What led to where it is: the last of what was done and what came about. */
  notes(): readonly string[] {
    return this.#notes;
  }

  note(text: string): void {
    this.#notes.push(`${this.world.now.toFixed(1).padStart(9)} ms  ${text}`);
    if (this.#notes.length > NOTES_MAX) this.#notes.shift();
  }

  #act(action: ShardAction): void {
    switch (action.kind) {
      case "change":
        this.operator.change(action.change, null, () => {});
        return;
      case "crash":
        return this.#at(action.who, (node) => node.isUp && this.crash(node.id, "process"));
      case "powerLoss":
        return this.#at(action.who, (node) => node.isUp && this.crash(node.id, action.keeps));
      case "restart":
        return this.#at(action.who, (node) => !node.isUp && this.restart(node.id));
      case "pause":
        return this.#at(action.who, (node) => node.isUp && !node.isPaused && node.pause());
      case "resume":
        return this.#at(action.who, (node) => node.isPaused && node.resume());
      case "snapshot":
        return this.#at(action.who, (node) => node.takeSnapshots());
      case "diskStall":
        return this.#at(action.who, (node) => node.disk.stall(action.ms));
      case "partition":
        return this.partition(action.nodes);
      case "isolate":
        return this.#at(action.who, ({ id }) => {
          this.network.table.isolate([id], action.direction);
          this.network.changed();
        });
      case "transfer": {
        const leader = this.leaderOf(action.group);
        this.transfers++;
        if (leader !== 0) this.node(leader).transferLeadership(action.group, action.to);
        return;
      }
      case "loss":
        return this.setLoss(action.ratio);
      case "agentLoss":
        this.#agentLoss = action.ratio;
        return;
      case "heal":
        this.network.heal();
        this.#links.loss = this.setup.config.link.loss;
        for (const node of this.nodes) {
          if (!node.isUp) this.restart(node.id);
          else if (node.isPaused) node.resume();
        }
        return;
      default:
        unreachable(action);
    }
  }

  #losesAgents(): boolean {
    return this.#agentLoss > 0 && this.#random.chance(this.#agentLoss);
  }

  #at(who: Who, act: (node: ShardNode) => unknown): void {
    const id = "node" in who ? who.node : this.leaderOf(who.leaderOf);
    if (id !== 0) act(this.node(id));
  }
}

function agentOf(client: number): { readonly node: number; readonly start: number } {
  const rest = client - AGENTS;
  return { node: Math.floor(rest / STARTS_MAX), start: rest % STARTS_MAX };
}
