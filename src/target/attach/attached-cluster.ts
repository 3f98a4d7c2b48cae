import { canHitLinks, endsOf, hitLinks } from "../../fault/hit-links.ts";
import { LinkTable } from "../../fault/link-table.ts";
import { type ClusterView, resolveNodes, resolvePartition } from "../../fault/resolve.ts";
import type { Fault, NodeSpec } from "../../fault/vocabulary.ts";
import { NO_NODE } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import { askStatus, leaderOf, silentStatus } from "../local-status.ts";
import type { Cluster, ClusterAddress, ClusterEvent, NodeStart, NodeStatus } from "../target.ts";
import { until } from "../until.ts";
import type { AttachedNode, AttachFile, CommandName } from "./attach-file.ts";
import { Observer } from "./observer.ts";
import { runCommand } from "./run-command.ts";

/** A fault on "the leader" waits so long for there to be one; then it hits nobody. */
const LEADER_WITHIN_MS = 3_000;
const STATUS_WITHIN_MS = 1_000;
const READY_WITHIN_MS = 60_000;

type Hit = { readonly nodes: readonly number[]; readonly atUs: number };
type Away = "down" | "paused";

/** Nodes that others run, broken by the commands of a file. What we did to them, `stop` lifts. */
export class AttachedCluster implements Cluster {
  readonly address: ClusterAddress;
  readonly #file: AttachFile;
  readonly #clusterId: string;
  readonly #prng: Prng;
  readonly #links: LinkTable;
  readonly #observer = new Observer();
  readonly #starts: NodeStart[] = [];
  readonly #last = new Map<number, NodeStatus>();
  /** What we made of nodes; the others should run. */
  readonly #away = new Map<number, Away>();
  readonly #cut = new Set<string>();

  constructor(file: AttachFile, clusterId: string, seed: number) {
    this.#file = file;
    this.#clusterId = clusterId;
    this.#prng = new Prng(seed).fork("faults");
    this.#links = new LinkTable(this.nodeIds);
    this.address = {
      target: "ordeal",
      nodes: file.nodes.map(({ id, host, clientPort }) => ({ id, host, port: clientPort })),
      ...(file.credentials && { credentials: file.credentials }),
    };
  }

  get nodeIds(): readonly number[] {
    return this.#file.nodes.map(({ id }) => id);
  }

  async status(withinMs: number): Promise<readonly NodeStatus[]> {
    const statuses = await Promise.all(
      this.#file.nodes.map(async (node) => {
        const last = this.#last.get(node.id);
        const away = this.#away.get(node.id);
        if (away !== undefined) {
          return silentStatus(node, away, away === "paused" ? (last?.pid ?? 0) : 0, last);
        }
        const said = await askStatus(node, this.#clusterId, withinMs);
        if (said === null) return silentStatus(node, "down", 0, last);
        this.#last.set(node.id, said);
        return said;
      }),
    );
    // One that was asked before it was told to end is not seen as ended by itself.
    this.#observer.note(
      statuses.filter(({ id }) => !this.#away.has(id)),
      nowUs(),
    );
    return statuses;
  }

  /** Null: none now. */
  async leader(): Promise<number | null> {
    return leaderOf(await this.status(STATUS_WITHIN_MS)) || null;
  }

  async fault(fault: Fault): Promise<Hit> {
    switch (fault.kind) {
      case "crash":
        return this.#eachOf(fault.nodes, (id) => this.#away.get(id) !== "down", this.#kill);
      case "restart":
        return this.#eachOf(fault.nodes, (id) => this.#away.get(id) === "down", this.#start);
      case "pause":
        return this.#eachOf(fault.nodes, (id) => !this.#away.has(id), this.#pause);
      case "resume":
        return this.#eachOf(fault.nodes, (id) => this.#away.get(id) === "paused", this.#resume);
      case "partition": {
        const needsLeader = fault.shape === "halves" && fault.leaderIn !== "any";
        const cut = resolvePartition(fault, await this.#view(needsLeader), this.#prng);
        this.#links.cut(cut.links);
        return { nodes: cut.nodes, atUs: await this.#applyCuts() };
      }
      case "isolate": {
        const nodes = await this.#resolve(endsOf(fault), (id) =>
          canHitLinks(fault, this.#links, id),
        );
        hitLinks(this.#links, fault, nodes);
        return { nodes, atUs: await this.#applyCuts() };
      }
      case "heal": {
        const atUs = nowUs();
        await this.#heal();
        return { nodes: this.nodeIds, atUs };
      }
      default:
        throw new Error(`nothing can do "${fault.kind}" to attached nodes`);
    }
  }

  async recover(): Promise<void> {
    await this.#heal();
    const away = [...this.#away];
    await Promise.all(
      away.map(([id, how]) => (how === "paused" ? this.#resume(id) : this.#start(id))),
    );
  }

  async events(): Promise<readonly ClusterEvent[]> {
    return this.#observer.events;
  }

  starts(): readonly NodeStart[] {
    return this.#starts;
  }

  failures(): readonly string[] {
    return this.#observer.failures;
  }

  /** Lifts what is still on. The nodes run on: they are not ours. */
  stop(): Promise<void> {
    return this.recover();
  }

  readonly #kill = async (id: number): Promise<void> => {
    this.#away.set(id, "down");
    this.#observer.expectEnd(id);
    await this.#command("kill", this.#node(id));
  };

  readonly #pause = async (id: number): Promise<void> => {
    await this.#command("pause", this.#node(id));
    this.#away.set(id, "paused");
  };

  readonly #resume = async (id: number): Promise<void> => {
    await this.#command("resume", this.#node(id));
    this.#away.delete(id);
  };

  readonly #start = async (id: number): Promise<void> => {
    const atUs = nowUs();
    const node = this.#node(id);
    await this.#command("start", node);
    await until(`node ${id} answers`, READY_WITHIN_MS, () =>
      askStatus(node, this.#clusterId, STATUS_WITHIN_MS),
    );
    this.#away.delete(id);
    this.#starts.push({ node: id, atUs, doneUs: nowUs(), outcome: "ready" });
  };

  async #eachOf(
    spec: NodeSpec,
    canHit: (id: number) => boolean,
    act: (id: number) => Promise<void>,
  ): Promise<Hit> {
    const nodes = await this.#resolve(spec, canHit);
    const atUs = nowUs();
    await Promise.all(nodes.map(act));
    return { nodes, atUs };
  }

  /** Cuts what is to be cut and is not yet. Returns when it began. */
  async #applyCuts(): Promise<number> {
    const atUs = nowUs();
    const fresh = this.#links.settings.filter(
      ({ from, to, state }) => state.cut && !this.#cut.has(`${from}>${to}`),
    );
    for (const { from, to } of fresh) this.#cut.add(`${from}>${to}`);
    await Promise.all(
      fresh.map(({ from, to }) =>
        this.#command("cut", linkValues(this.#node(from), this.#node(to))),
      ),
    );
    return atUs;
  }

  async #heal(): Promise<void> {
    if (this.#cut.size > 0) await this.#command("heal", {});
    this.#cut.clear();
    this.#links.heal();
  }

  async #command(
    name: CommandName,
    values: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const command = this.#file.commands[name];
    if (command === undefined) throw new Error(`the file has no command "${name}"`);
    await runCommand(command, values);
  }

  #node(id: number): AttachedNode {
    return this.#file.nodes.find((node) => node.id === id)!;
  }

  async #resolve(spec: NodeSpec, canHit: (id: number) => boolean): Promise<readonly number[]> {
    const view = await this.#view(spec.kind === "leader" || spec.kind === "followers");
    return resolveNodes(spec, view, this.nodeIds.filter(canHit), this.#prng);
  }

  async #view(needsLeader: boolean): Promise<ClusterView> {
    if (!needsLeader) return { nodes: this.nodeIds, leader: NO_NODE };
    const leader = await until("a leader", LEADER_WITHIN_MS, () => this.leader()).catch(
      () => NO_NODE,
    );
    return { nodes: this.nodeIds, leader };
  }
}

/** What stands for the two ends of a link in a command. */
const linkValues = (from: AttachedNode, to: AttachedNode): Record<string, string | number> => ({
  ...{ from: from.id, to: to.id, fromHost: from.host, toHost: to.host },
  ...{ fromPeerPort: from.peerPort, toPeerPort: to.peerPort },
});

const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;
