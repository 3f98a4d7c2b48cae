import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { LinkTable } from "../../fault/link-table.ts";
import { type ClusterView, resolveNodes, resolvePartition } from "../../fault/resolve.ts";
import { CLEAR_LINK, type Fault, type LinkState, type NodeSpec } from "../../fault/vocabulary.ts";
import { NO_NODE } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import { leaderOf } from "../local-status.ts";
import type {
  Cluster,
  ClusterAddress,
  ClusterEvent,
  ClusterOptions,
  NodeStart,
  NodeStatus,
  StoreProtocol,
} from "../target.ts";
import { until } from "../until.ts";
import { ExternalProcess } from "./process.ts";

/** A fault on "the leader" waits so long for there to be one; then it hits nobody. */
const LEADER_WITHIN_MS = 3_000;
const STATUS_WITHIN_MS = 1_000;
const READY_WITHIN_MS = 30_000;

export const HOST = "127.0.0.1";

/** One node of an external system. Ids count from 1. */
export type ExternalNode = {
  readonly id: number;
  readonly clientPort: number;
  readonly peerPort: number;
  /** For its data and its log, node.log. */
  readonly dir: string;
};

/** What an ExternalCluster must be told about a system: how its processes are run and asked. */
export type ExternalSystem = {
  readonly name: string;
  readonly protocol: StoreProtocol;
  /** The program and its arguments; a node that ran before goes on with what its directory holds. */
  command(node: ExternalNode): readonly string[];
  /** Whether it accepts clients, its data read. */
  isReady(node: ExternalNode): Promise<boolean>;
  /** Null: no answer within `withinMs`. */
  status(node: ExternalNode, pid: number, withinMs: number): Promise<NodeStatus | null>;
  events(): Promise<readonly ClusterEvent[]>;
  /** The states of the links have changed; `stateOf` tells them. */
  linksChanged(): void;
  /** Ends what it runs besides the nodes: proxies, a controller. Before the nodes end. */
  stop(): Promise<void>;
  /** All nodes have ended. */
  stopped?(): void;
};

/**
 * A running cluster of another system: its processes, and the faults that can be done to any
 * process and to the links between processes. What is the system's own, the ExternalSystem does.
 */
export class ExternalCluster implements Cluster {
  readonly nodes: readonly ExternalNode[];
  readonly #links: LinkTable;
  readonly #prng: Prng;
  readonly #processes = new Map<number, ExternalProcess>();
  readonly #last = new Map<number, NodeStatus>();
  readonly #pids: number[] = [];
  readonly #failures: string[] = [];
  readonly #starts: NodeStart[] = [];
  #system: ExternalSystem | null = null;
  #work: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(nodes: readonly ExternalNode[], { seed }: Pick<ClusterOptions, "seed">) {
    this.nodes = nodes;
    this.#links = new LinkTable(this.nodeIds);
    this.#prng = new Prng(seed).fork("faults");
  }

  /** Starts all nodes and waits until one leads. Rejects, and leaves no process, when none does. */
  async start(system: ExternalSystem): Promise<void> {
    this.#system = system;
    try {
      for (const { dir } of this.nodes) mkdirSync(dir, { recursive: true });
      await this.#restart(this.nodeIds);
      await until("a leader is elected", READY_WITHIN_MS, async () => {
        const [failure] = this.#failures;
        if (failure !== undefined) throw new Error(failure);
        return leaderOf(await this.status(STATUS_WITHIN_MS)) !== NO_NODE;
      });
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  get nodeIds(): readonly number[] {
    return this.nodes.map(({ id }) => id);
  }

  get address(): ClusterAddress {
    const nodes = this.nodes.map(({ id, clientPort }) => ({ id, host: HOST, port: clientPort }));
    return { target: this.#sut.protocol, nodes };
  }

  stateOf(from: number, to: number): LinkState {
    const link = this.#links.settings.find((it) => it.from === from && it.to === to);
    return link?.state ?? CLEAR_LINK;
  }

  /** Neither crashed nor paused. */
  isRunning(id: number): boolean {
    const node = this.#processes.get(id);
    return node !== undefined && node.running && !node.paused;
  }

  status(withinMs: number): Promise<readonly NodeStatus[]> {
    return Promise.all(
      this.nodes.map(async (node) => {
        const child = this.#processes.get(node.id);
        const pid = child?.running === true ? child.pid : 0;
        if (pid !== 0 && child!.paused) return this.#silent(node, "paused", pid);
        const said = pid === 0 ? null : await this.#sut.status(node, pid, withinMs);
        if (said === null) return this.#silent(node, "down", pid);
        this.#last.set(node.id, said);
        return said;
      }),
    );
  }

  async fault(fault: Fault): Promise<{ readonly nodes: readonly number[]; readonly atUs: number }> {
    const state = (id: number): ExternalProcess | undefined => this.#processes.get(id);
    switch (fault.kind) {
      case "crash": {
        const nodes = await this.#resolve(fault.nodes, (id) => state(id)?.running === true);
        return timed(nodes, () => this.#each(nodes, (id) => this.#crash(id)));
      }
      case "restart": {
        const nodes = await this.#resolve(fault.nodes, (id) => state(id)?.running !== true);
        return timed(nodes, () => this.#restart(nodes));
      }
      case "pause": {
        const nodes = await this.#resolve(fault.nodes, (id) => this.isRunning(id));
        return timed(nodes, () => this.#each(nodes, async (id) => state(id)?.pause()));
      }
      case "resume": {
        const nodes = await this.#resolve(fault.nodes, (id) => state(id)?.paused === true);
        return timed(nodes, () => this.#each(nodes, async (id) => state(id)?.resume()));
      }
      case "heal":
        return timed(this.nodeIds, () => this.#changeLinks(() => this.#links.heal()));
      case "partition": {
        const view = await this.#view(fault.shape === "halves" && fault.leaderIn !== "any");
        const cut = resolvePartition(fault, view, this.#prng);
        return timed(cut.nodes, () => this.#changeLinks(() => this.#links.cut(cut.links)));
      }
      case "isolate": {
        const nodes = await this.#resolve(fault.nodes, () => true);
        const isolate = (): void => this.#links.isolate(nodes, fault.direction);
        return timed(nodes, () => this.#changeLinks(isolate));
      }
      case "delay": {
        const nodes = await this.#resolve(fault.nodes, () => true);
        return timed(nodes, () => this.#changeLinks(() => this.#links.disturb(nodes, fault)));
      }
      default:
        throw new Error(`${this.#sut.name} cannot do "${fault.kind}"`);
    }
  }

  async recover(): Promise<void> {
    await this.#changeLinks(() => this.#links.heal());
    await this.#each(this.nodeIds, async (id) => this.#processes.get(id)?.resume());
    await this.#restart(this.nodeIds);
  }

  events(): Promise<readonly ClusterEvent[]> {
    return this.#sut.events();
  }

  starts(): readonly NodeStart[] {
    return this.#starts;
  }

  failures(): readonly string[] {
    return this.#failures;
  }

  get pids(): readonly number[] {
    return this.#pids;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work.catch(() => {});
    await this.#system?.stop();
    await Promise.all([...this.#processes.values()].map((node) => node.kill()));
    this.#processes.clear();
    this.#system?.stopped?.();
  }

  get #sut(): ExternalSystem {
    if (this.#system === null) throw new Error("the cluster has not been started");
    return this.#system;
  }

  async #crash(id: number): Promise<void> {
    const node = this.#processes.get(id);
    this.#processes.delete(id);
    await node?.kill();
  }

  #restart(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => {
      if (this.#processes.get(id)?.running !== true) await this.#startNode(id);
    });
  }

  async #startNode(id: number): Promise<void> {
    const node = this.nodes.find((it) => it.id === id)!;
    const atUs = nowUs();
    const log = join(node.dir, "node.log");
    const child = new ExternalProcess(`${this.#sut.name} node ${id}`, this.#sut.command(node), log);
    this.#processes.set(id, child);
    this.#pids.push(child.pid);
    child.watch((failure) => void this.#failures.push(failure));
    await until(`${this.#sut.name} node ${id} accepts clients`, READY_WITHIN_MS, async () => {
      if (!child.running) throw new Error(`${this.#sut.name} node ${id} ended: ${child.said}`);
      return this.#sut.isReady(node);
    });
    this.#starts.push({ node: id, atUs, doneUs: nowUs(), outcome: "ready" });
  }

  async #changeLinks(change: () => void): Promise<void> {
    change();
    this.#sut.linksChanged();
  }

  async #resolve(spec: NodeSpec, canHit: (id: number) => boolean): Promise<readonly number[]> {
    const view = await this.#view(spec.kind === "leader" || spec.kind === "followers");
    return resolveNodes(spec, view, this.nodeIds.filter(canHit), this.#prng);
  }

  async #view(needsLeader: boolean): Promise<ClusterView> {
    if (!needsLeader) return { nodes: this.nodeIds, leader: NO_NODE };
    const leader = await until("a leader", LEADER_WITHIN_MS, async () => {
      return leaderOf(await this.status(STATUS_WITHIN_MS)) || null;
    }).catch(() => NO_NODE);
    return { nodes: this.nodeIds, leader };
  }

  #silent(node: ExternalNode, role: "paused" | "down", pid: number): NodeStatus {
    const {
      term = 0,
      commitIndex = 0,
      appliedIndex = 0,
      lastIndex = 0,
    } = this.#last.get(node.id) ?? {};
    const { id, peerPort, clientPort } = node;
    const indexes = { term, commitIndex, appliedIndex, lastIndex };
    return { id, pid, role, ...indexes, peerPort, clientPort, httpPort: clientPort };
  }

  /** One change of processes after the other; none once all is stopped. */
  #each(ids: readonly number[], act: (id: number) => Promise<void>): Promise<void> {
    const done = this.#work.then(async () => {
      if (!this.#stopped) await Promise.all(ids.map(act));
    });
    this.#work = done.catch(() => {});
    return done;
  }
}

async function timed(
  nodes: readonly number[],
  begin: () => Promise<void>,
): Promise<{ readonly nodes: readonly number[]; readonly atUs: number }> {
  const atUs = nowUs();
  await begin();
  return { nodes, atUs };
}

/** Microseconds since the Unix epoch, as in cluster events. */
export const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;
