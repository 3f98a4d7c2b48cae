import { unreachable } from "../lib/assert.ts";
import { asNode } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import {
  type BreakFault,
  canHitLinks,
  endsOf,
  hitLinks,
  type LinkFault,
  type NodeLinkFault,
} from "../fault/hit-links.ts";
import { type Link, resolveNodes, resolvePartition } from "../fault/resolve.ts";
import { CLEAR_LINK, type NodeSpec, type PowerLossKeeps } from "../fault/vocabulary.ts";
import type { SkewedClock } from "../lib/skewed-clock.ts";
import type { SimAction, SimObserver, SimSchedule } from "./api.ts";
import type { Boundary, PowerCut, PowerCuts } from "./boundary.ts";
import { ClientLinks } from "./client-links.ts";
import { SimClients } from "./clients.ts";
import { Monitor } from "./monitor.ts";
import { SimNetwork } from "./network.ts";
import { type NodeWorld, SimNode } from "./node.ts";
import { EVENT, World } from "./world.ts";

/** When a peer learns that a connection has broken. */
const BROKEN_AFTER_MS = 1;
/** Once all is healed: links as in one data centre, disks as fast as an SSD. */
const HEALTHY_LINK = { ...CLEAR_LINK, delayMs: 0.2, jitterMs: 0.3 };
const HEALTHY_DISK = { latencyMs: 0.1, jitterMs: 0.2 };

/** A cluster and its clients in one World, and what a schedule can do to it. */
export class SimCluster {
  readonly world = new World();
  readonly monitor: Monitor;
  readonly network: SimNetwork;
  readonly nodes: readonly SimNode[];
  readonly clients: SimClients;
  readonly #links: ClientLinks;
  readonly #random: Prng;
  readonly #observe: SimObserver | null;
  crashes = 0;
  membershipChanges = 0;
  transfers = 0;

  constructor(schedule: SimSchedule, observe: SimObserver | null, cuts: PowerCuts | null = null) {
    const { config } = schedule;
    const prng = new Prng(schedule.seed);
    const ids = Array.from({ length: schedule.nodes + schedule.spares }, (_, i) => i + 1);
    const voters = ids.slice(0, schedule.nodes).map(asNode);
    const { world } = this;
    this.#observe = observe;
    this.#random = prng.fork("actions");
    this.monitor = new Monitor(ids, cuts?.judgesLossOnly);
    const deliver: ConstructorParameters<typeof SimNetwork>[4] = (message) =>
      this.nodes[message.to - 1]!.input({ kind: "message", message });
    this.network = new SimNetwork(world, ids, config.link, prng, deliver, observe);
    for (const fate of schedule.fates ?? []) this.network.fate(fate);
    const shared: NodeWorld = {
      world,
      monitor: this.monitor,
      config,
      membership: { voters, votersOutgoing: [], learners: [] },
      prng,
      send: (message) => this.network.send(message),
      reply: (node, client, requestId, reply) => this.#links.reply(node, client, requestId, reply),
      onStopped: (node) => this.crash(node, "process"),
      onApply: (_node, index, command, result) => this.clients.onApply(index, command, result),
      observe,
      onBoundary: cuts === null ? null : (boundary) => this.#atBoundary(boundary, cuts),
    };
    this.nodes = ids.map(
      (id) => new SimNode(id, config.clocks[id - 1] ?? { rate: 1, offsetMs: 0 }, shared),
    );
    this.clients = new SimClients({
      world,
      config,
      nodes: ids,
      prng,
      send: (node, client, requestId, command) =>
        this.#links.request(node, client, requestId, command),
      committedIndex: () => this.monitor.committedIndex,
      observe,
    });
    this.#links = new ClientLinks(
      world,
      this.nodes,
      prng.fork("client links"),
      config.link.loss,
      (client, node, response, body) => this.clients.onResponse(client, node - 1, response, body),
    );
    for (const node of this.nodes) node.start();
  }

  /** The leader of the highest term among those that run; 0: there is none. */
  get leader(): number {
    let leader = 0;
    let term = 0;
    for (const { id, status } of this.nodes) {
      if (status?.role !== "leader" || status.term <= term) continue;
      leader = id;
      term = status.term;
    }
    return leader;
  }

  act(action: SimAction): void {
    const nodes = this.#act(action);
    this.#observe?.(this.world.now, { kind: "action", action, nodes });
  }

  /**
   * `process`: SIGKILL. Otherwise the machine loses its power, which a node that is down may do as
   * well. `draw`: as NodeStorage.losePower.
   */
  crash(id: number, how: "process" | PowerLossKeeps, draw = 0): void {
    const node = this.nodes[id - 1]!;
    const wasUp = node.isUp;
    if (how === "process") node.kill();
    else node.losePower(how, draw);
    if (!wasUp) return;
    this.crashes++;
    this.world.at(this.world.now + BROKEN_AFTER_MS, EVENT.unreachable, id, () => {
      for (const other of this.nodes) {
        if (other.id === id) continue;
        other.input({ kind: "peerUnreachable", peer: asNode(id) });
        other.input({ kind: "peerLost", peer: asNode(id) });
      }
      this.clients.onClosed(id - 1);
    });
  }

  restart(id: number): void {
    this.network.started(id);
    if (this.nodes[id - 1]!.start()) this.clients.onOpened(id - 1);
  }

  #atBoundary(boundary: Boundary, cuts: PowerCuts): void {
    const cut = cuts.at(boundary);
    if (cut !== null) this.#cutPower(boundary.node, cut);
  }

  #cutPower(id: number, { nodes, keeps, draw, restartAfterMs }: PowerCut): void {
    const victims = this.nodes.filter((node) => node.id === id || (nodes === "all" && node.isUp));
    for (const victim of victims) this.crash(victim.id, keeps, draw);
    this.world.at(this.world.now + restartAfterMs, EVENT.action, id, () => {
      for (const victim of victims) if (!victim.isUp) this.restart(victim.id);
    });
  }

  /** Lifts every fault. A node that refuses to start on what it has is replaced by an empty one. */
  heal(): void {
    this.network.renew(HEALTHY_LINK);
    this.#links.loss = 0;
    for (const node of this.nodes) {
      node.disk.setSpeed(HEALTHY_DISK);
      node.disk.heal();
      node.clock.heal(this.world.now);
      node.clockChanged();
      if (!node.isUp) {
        this.restart(node.id);
        if (node.isUp || !node.disk.flipped) continue;
        node.wipe();
        this.restart(node.id);
      } else if (node.isPaused) node.resume();
    }
  }

  /** Returns the nodes that it acted on. */
  #act(action: SimAction): readonly number[] {
    switch (action.kind) {
      case "fault":
        return this.#fault(action.fault);
      case "diskSpeed":
        return this.#each(action.nodes, isAny, (node) => node.disk.setSpeed(action.speed));
      case "membership": {
        this.membershipChanges++;
        const voters = action.voters.map(asNode);
        const learners = action.learners.map(asNode);
        return this.#atLeader((node) => node.changeMembership(voters, learners));
      }
      default:
        return unreachable(action);
    }
  }

  #fault(fault: Extract<SimAction, { kind: "fault" }>["fault"]): readonly number[] {
    switch (fault.kind) {
      case "crash":
      case "stop":
        return this.#each(fault.nodes, isUp, (node) => this.crash(node.id, "process"));
      case "powerLoss":
        return this.#each(fault.nodes, isUp, (node) => this.crash(node.id, fault.keeps));
      case "diskStall":
        return this.#each(fault.nodes, isAny, (node) => node.disk.stall(fault.ms));
      case "diskError":
        return this.#each(fault.nodes, isAny, (node) => node.disk.fail(fault.operation));
      case "diskFull":
        return this.#each(fault.nodes, isAny, (node) => node.disk.fill());
      case "bitFlip":
        return this.#each(fault.nodes, isDown, (node) => node.disk.flipBits(fault.bits));
      case "restart":
        return this.#each(fault.nodes, isDown, (node) => this.restart(node.id));
      case "pause":
        return this.#each(
          fault.nodes,
          (node) => node.isUp && !node.isPaused,
          (node) => {
            node.pause();
            this.#observe?.(this.world.now, { kind: "pause", node: node.id });
          },
        );
      case "resume":
        return this.#each(
          fault.nodes,
          (node) => node.isPaused,
          (node) => {
            this.#observe?.(this.world.now, { kind: "resume", node: node.id });
            node.resume();
          },
        );
      case "membership": {
        this.membershipChanges++;
        return this.#atLeader((node) => node.changeMembership(fault.voters.map(asNode), []));
      }
      case "transfer": {
        const [to] = this.#resolve(fault.to, isUp);
        if (to === undefined) return [];
        this.transfers++;
        return this.#atLeader((node) => node.transferLeadership(asNode(to.id)));
      }
      case "snapshot":
        return this.#each(fault.nodes, isUp, (node) => node.takeSnapshot());
      case "wipe":
        return this.#each(fault.nodes, isDown, (node) => node.wipe());
      case "reshard":
        return []; // Of sharded clusters, which src/sim/shards has.
      case "clockJump":
        return this.#skew(fault.nodes, (clock) => clock.jump(fault.ms));
      case "clockRate":
        return this.#skew(fault.nodes, (clock) => clock.setRate(fault.rate, this.world.now));
      case "clockStrobe":
        return this.#skew(fault.nodes, (clock) => clock.strobe(fault.everyMs, this.world.now));
      case "heal":
        this.network.heal();
        for (const node of this.nodes) node.disk.heal();
        this.#skew({ kind: "all" }, (clock) => clock.heal(this.world.now));
        return [];
      default:
        return this.#linkFault(fault);
    }
  }

  #linkFault(fault: LinkFault): readonly number[] {
    const view = { nodes: this.network.ids, leader: this.leader };
    switch (fault.kind) {
      case "reset":
      case "halfOpen": {
        const nodes = this.#linkEnds(fault);
        const links = this.network.breakLinks(fault.kind, nodes);
        if (fault.kind === "reset") this.#tellOfBroken(links);
        return nodes;
      }
      case "partition": {
        const { nodes, links } = resolvePartition(fault, view, this.#random);
        this.network.cut(links);
        return nodes;
      }
      default: {
        const nodes = this.#linkEnds(fault);
        hitLinks(this.network.table, fault, nodes);
        this.network.changed();
        return nodes;
      }
    }
  }

  #skew(spec: NodeSpec, change: (clock: SkewedClock) => void): readonly number[] {
    return this.#each(spec, isAny, (node) => {
      change(node.clock);
      node.clockChanged();
    });
  }

  #linkEnds(fault: NodeLinkFault | BreakFault): readonly number[] {
    const { table } = this.network;
    const canHit = (node: SimNode): boolean => canHitLinks(fault, table, node.id);
    return this.#resolve(endsOf(fault), canHit).map((node) => node.id);
  }

  /** Both ends of such a connection learn that it is gone. */
  #tellOfBroken(links: readonly Link[]): void {
    this.world.at(this.world.now + BROKEN_AFTER_MS, EVENT.unreachable, 0, () => {
      for (const { from, to } of links) {
        this.nodes[from - 1]!.input({ kind: "peerUnreachable", peer: asNode(to) });
        this.nodes[to - 1]!.input({ kind: "peerLost", peer: asNode(from) });
      }
    });
  }

  #resolve(spec: NodeSpec, isEligible: (node: SimNode) => boolean): readonly SimNode[] {
    const view = { nodes: this.network.ids, leader: this.leader };
    const eligible = this.nodes.filter(isEligible).map((node) => node.id);
    return resolveNodes(spec, view, eligible, this.#random).map((id) => this.nodes[id - 1]!);
  }

  #each(
    spec: NodeSpec,
    isEligible: (node: SimNode) => boolean,
    work: (node: SimNode) => void,
  ): readonly number[] {
    const nodes = this.#resolve(spec, isEligible);
    for (const node of nodes) work(node);
    return nodes.map((node) => node.id);
  }

  #atLeader(work: (node: SimNode) => void): readonly number[] {
    const leader = this.nodes[this.leader - 1];
    if (leader === undefined) return [];
    work(leader);
    return [leader.id];
  }
}

const isUp = (node: SimNode): boolean => node.isUp;
const isDown = (node: SimNode): boolean => !node.isUp;
const isAny = (): boolean => true;
