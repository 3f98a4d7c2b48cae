import { join } from "node:path";
import {
  type BreakFault,
  canHitLinks,
  endsOf,
  hitLinks,
  type LinkFault,
  type NodeLinkFault,
} from "../fault/hit-links.ts";
import { linksOf, LinkTable } from "../fault/link-table.ts";
import { type ClusterView, resolveNodes, resolvePartition } from "../fault/resolve.ts";
import { CLEAR_LINK, type Fault, type NodeSpec } from "../fault/vocabulary.ts";
import type { ShardConfig } from "../kv/shard-config.ts";
import { NO_NODE } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { EventLog } from "./local-events.ts";
import {
  askSnapshots,
  askTransfer,
  breakDisks,
  flipBits,
  healNodes,
  skewClocks,
  wipe,
} from "./local-faults.ts";
import { moveTo, replaceLost } from "./local-members.ts";
import { LocalShards } from "./shards/local-shards.ts";
import { askStatus, leaderOf, silentStatus } from "./local-status.ts";
import type { LocalSupervisor } from "./local-supervisor.ts";
import type {
  Cluster,
  ClusterAddress,
  ClusterEvent,
  ClusterOptions,
  NodeStart,
  NodeStatus,
  ShardsStatus,
} from "./target.ts";
import { until } from "./until.ts";

/** A fault on "the leader" waits so long for there to be one; then it hits nobody. */
const LEADER_WITHIN_MS = 3_000;
const STATUS_WITHIN_MS = 1_000;

/** Whom a fault hit, and when it began to act. */
type Hit = { readonly nodes: readonly number[]; readonly atUs: number };

/** A cluster of processes on this machine, and what faults can do to it. */
export class LocalCluster implements Cluster {
  readonly address: ClusterAddress;
  readonly #supervisor: LocalSupervisor;
  readonly #links: LinkTable;
  readonly #prng: Prng;
  /** Also of nodes that were replaced. */
  readonly #logs: EventLog[];
  readonly #startedUs: number;
  readonly #last = new Map<number, NodeStatus>();
  /** Whom faults hit: the voters that the cluster was last asked to have. */
  #voters: readonly number[];
  /** Changes of membership that were asked for, one after the other. */
  #changes: Promise<void> = Promise.resolve();
  /** Nodes that lost or refused their data and are still members. */
  readonly #replacing = new Set<number>();
  /** What nodes were asked to do and may be doing still. */
  #asked: Promise<unknown> = Promise.resolve();
  /** Null: nothing is sharded. */
  readonly #shards: LocalShards | null;

  constructor(supervisor: LocalSupervisor, options: ClusterOptions, startedUs: number) {
    const { config } = supervisor;
    this.#supervisor = supervisor;
    this.#startedUs = startedUs;
    this.#voters = this.nodeIds.slice(0, options.nodes);
    this.address = {
      target: "ordeal",
      nodes: config.nodes.map(({ id, host, clientPort }) => ({ id, host, port: clientPort })),
      ...(config.sharding && { shards: config.sharding.shards }),
      ...(supervisor.credentials && { credentials: supervisor.credentials }),
    };
    this.#links = new LinkTable(this.nodeIds);
    this.#prng = new Prng(options.seed).fork("faults");
    this.#logs = this.nodeIds.map((id) => this.#logOf(id));
    this.#shards =
      config.sharding === undefined
        ? null
        : new LocalShards(this.address, config.sharding, this.#prng.fork("shards"));
  }

  get nodeIds(): readonly number[] {
    return this.#supervisor.nodeIds;
  }

  status(withinMs: number): Promise<readonly NodeStatus[]> {
    const { config } = this.#supervisor;
    return Promise.all(
      config.nodes.map(async (address) => {
        const state = this.#supervisor.nodes.state(address.id);
        const last = this.#last.get(address.id);
        if (state === "paused") {
          return silentStatus(address, "paused", this.#supervisor.nodes.pid(address.id), last);
        }
        const said =
          state === "running" ? await askStatus(address, config.clusterId, withinMs) : null;
        if (said === null) return silentStatus(address, "down", 0, last);
        this.#last.set(address.id, said);
        return said;
      }),
    );
  }

  /** Waits for a leader. Rejects when there is none within `withinMs`, or a node ended by itself. */
  leader(withinMs: number): Promise<number> {
    return until("a leader is elected", withinMs, async () => {
      const [failure] = this.#supervisor.failures;
      if (failure !== undefined) throw new Error(failure);
      return leaderOf(await this.status(STATUS_WITHIN_MS)) || null;
    });
  }

  async fault(fault: Fault): Promise<Hit> {
    const supervisor = this.#supervisor;
    switch (fault.kind) {
      case "crash":
      case "stop": {
        const nodes = await this.#resolve(fault, (id) => supervisor.nodes.pid(id) !== 0);
        const act = fault.kind === "crash" ? "crash" : "end";
        return timed(nodes, supervisor.nodes[act](nodes));
      }
      case "restart": {
        const nodes = await this.#resolve(fault, (id) => this.#isDown(id));
        return timed(nodes, this.#restart(nodes));
      }
      case "pause": {
        const nodes = await this.#resolve(fault, (id) => supervisor.nodes.state(id) === "running");
        return timed(nodes, supervisor.nodes.pause(nodes));
      }
      case "resume": {
        const nodes = await this.#resolve(fault, (id) => supervisor.nodes.state(id) === "paused");
        return timed(nodes, supervisor.nodes.resume(nodes));
      }
      case "membership": {
        // In the background: under a partition it may come about only once that is lifted.
        const { voters } = fault;
        this.#voters = voters;
        this.#changes = this.#changes.then(() => moveTo(supervisor, voters));
        this.#changes.catch(() => {}); // `recover` tells.
        return timed(voters, Promise.resolve());
      }
      case "powerLoss": {
        const nodes = await this.#resolve(fault, (id) => supervisor.nodes.pid(id) !== 0);
        return timed(nodes, supervisor.nodes.losePower(nodes, fault.keeps));
      }
      case "bitFlip": {
        const nodes = await this.#resolve(fault, (id) => this.#mayLose(id));
        return timed(nodes, flipBits(supervisor, nodes, fault.bits));
      }
      case "wipe": {
        const nodes = await this.#resolve(fault, (id) => this.#mayLose(id));
        return timed(nodes, wipe(supervisor, nodes, this.#voters.length));
      }
      case "diskStall":
      case "diskError":
      case "diskFull": {
        const nodes = await this.#resolve(fault, (id) => supervisor.nodes.state(id) === "running");
        return timed(nodes, breakDisks(supervisor, nodes, fault));
      }
      case "clockJump":
      case "clockRate":
      case "clockStrobe": {
        const nodes = await this.#resolve(fault, (id) => supervisor.nodes.state(id) === "running");
        return timed(nodes, skewClocks(supervisor, nodes, fault));
      }
      case "transfer":
        return this.#transfer(fault.to);
      case "reshard":
        if (this.#shards === null) throw new Error("the cluster is not sharded");
        this.#shards.reshard(fault);
        return timed(this.nodeIds, Promise.resolve());
      case "snapshot": {
        const nodes = await this.#resolve(fault, (id) => supervisor.nodes.state(id) === "running");
        return timed(nodes, this.#ask(askSnapshots(supervisor, nodes)));
      }
      case "heal":
        return timed(this.nodeIds, this.#heal());
      default:
        return this.#linkFault(fault);
    }
  }

  async recover(): Promise<void> {
    await this.#heal();
    await this.#supervisor.nodes.resume(this.nodeIds);
    await this.#restart(this.nodeIds);
    await this.#asked;
    await this.#changes;
    await this.#shards?.settled();
  }

  async shards(): Promise<ShardsStatus | null> {
    return (await this.#shards?.status()) ?? null;
  }

  async shardConfigs(): Promise<readonly ShardConfig[] | null> {
    return (await this.#shards?.configs()) ?? null;
  }

  async events(): Promise<readonly ClusterEvent[]> {
    const logs = await Promise.all(this.#logs.map((log) => log.read()));
    return logs.flat().sort((a, b) => a.atUs - b.atUs);
  }

  starts(): readonly NodeStart[] {
    return this.#supervisor.nodes.starts;
  }

  frames(): Promise<number | null> {
    return this.#supervisor.frames();
  }

  failures(): readonly string[] {
    return this.#supervisor.failures;
  }

  get pids(): readonly number[] {
    return this.#supervisor.pids;
  }

  stop(): Promise<void> {
    this.#shards?.close();
    return this.#supervisor.stop();
  }

  async #heal(): Promise<void> {
    this.#links.heal();
    await this.#applyLinks();
    const { settings } = this.#links;
    if (this.#supervisor.hasFaultyLinks) await this.#supervisor.breakLinks("mend", settings);
    await healNodes(this.#supervisor);
  }

  /** A node that lost its data, or refuses them, is replaced in the background, like a change of membership. */
  async #restart(nodes: readonly number[]): Promise<void> {
    await this.#supervisor.nodes.restart(nodes);
    const { refused } = this.#supervisor.nodes;
    const lost = refused.filter((id) => nodes.includes(id) && !this.#replacing.has(id));
    if (lost.length === 0) return;
    for (const id of lost) this.#replacing.add(id);
    this.#changes = this.#changes.then(async () => {
      for (const id of lost) await this.#replace(id);
    });
    this.#changes.catch(() => {}); // `recover` tells.
  }

  /** Not before a node whose data were lost earlier has been replaced: it may be one too many. */
  #mayLose(id: number): boolean {
    return (
      this.#supervisor.nodes.refused.length === 0 && this.#replacing.size === 0 && this.#isDown(id)
    );
  }

  #isDown(id: number): boolean {
    return this.#supervisor.nodes.pid(id) === 0;
  }

  async #transfer(spec: NodeSpec): Promise<Hit> {
    const { leader } = await this.#view(true);
    const isFree = (id: number): boolean =>
      id !== leader && this.#supervisor.nodes.state(id) === "running";
    const [to] = await this.#resolve({ nodes: spec }, isFree);
    if (to === undefined || leader === NO_NODE) return timed([], Promise.resolve());
    return timed([to], this.#ask(askTransfer(this.#supervisor, leader, to)));
  }

  /** In the background: under other faults it may take long. */
  async #ask(asked: Promise<void>): Promise<void> {
    this.#asked = Promise.all([this.#asked, asked]);
  }

  async #replace(lost: number): Promise<void> {
    const added = await replaceLost(this.#supervisor, lost);
    this.#voters = this.#voters.map((id) => (id === lost ? added : id));
    this.#links.setNodes(this.nodeIds);
    this.#logs.push(this.#logOf(added));
    this.#replacing.delete(lost);
  }

  #logOf(id: number): EventLog {
    const path = join(this.#supervisor.config.dataDir, `node-${id}`, "node.log");
    return new EventLog(path, id, this.#startedUs);
  }

  async #linkFault(fault: LinkFault): Promise<Hit> {
    switch (fault.kind) {
      case "partition": {
        const view = await this.#view(fault.shape === "halves" && fault.leaderIn !== "any");
        const cut = resolvePartition(fault, view, this.#prng);
        this.#links.cut(cut.links);
        return timed(cut.nodes, this.#applyLinks());
      }
      case "reset":
      case "halfOpen": {
        const nodes = await this.#linkEnds(fault);
        return timed(
          nodes,
          this.#supervisor.breakLinks(fault.kind, linksOf(nodes, this.#links.settings)),
        );
      }
      default: {
        const nodes = await this.#linkEnds(fault);
        hitLinks(this.#links, fault, nodes);
        return timed(nodes, this.#applyLinks());
      }
    }
  }

  #linkEnds(fault: NodeLinkFault | BreakFault): Promise<readonly number[]> {
    return this.#resolve({ nodes: endsOf(fault) }, (id) => canHitLinks(fault, this.#links, id));
  }

  async #applyLinks(): Promise<void> {
    if (this.#supervisor.hasFaultyLinks) {
      await this.#supervisor.setLinks(this.#links.settings);
    } else if (this.#links.settings.some((link) => link.state !== CLEAR_LINK)) {
      throw new Error("link faults need a cluster that was started with faultyLinks");
    }
  }

  async #resolve(
    { nodes }: { readonly nodes: NodeSpec },
    canHit: (id: number) => boolean,
  ): Promise<readonly number[]> {
    const view =
      nodes.kind === "leaderOf"
        ? await this.#viewOfGroups()
        : await this.#view(nodes.kind === "leader" || nodes.kind === "followers");
    // What was hit while it was a voter may be lifted afterwards.
    const ids = nodes.kind === "all" || nodes.kind === "node" ? this.nodeIds : this.#voters;
    return resolveNodes(nodes, view, ids.filter(canHit), this.#prng);
  }

  async #viewOfGroups(): Promise<ClusterView> {
    const leaderOf = this.#shards?.leaders(await this.status(STATUS_WITHIN_MS));
    return { nodes: this.#voters, leader: NO_NODE, ...(leaderOf && { leaderOf }) };
  }

  async #view(needsLeader: boolean): Promise<ClusterView> {
    if (!needsLeader) return { nodes: this.#voters, leader: NO_NODE };
    const leader = await until("a leader", LEADER_WITHIN_MS, async () => {
      return leaderOf(await this.status(STATUS_WITHIN_MS)) || null;
    }).catch(() => NO_NODE);
    return { nodes: this.#voters, leader };
  }
}

/** What `begun` hit, and when it began: just now. */
async function timed(nodes: readonly number[], begun: Promise<void>): Promise<Hit> {
  const atUs = (performance.timeOrigin + performance.now()) * 1000;
  await begun;
  return { nodes, atUs };
}
