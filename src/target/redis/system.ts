import { allLinks } from "../../fault/resolve.ts";
import { Prng } from "../../lib/prng.ts";
import { ByteProxy } from "../external/byte-proxy.ts";
import {
  type ExternalCluster,
  type ExternalNode,
  type ExternalSystem,
  nowUs,
} from "../external/cluster.ts";
import type { ClusterEvent, ClusterOptions, NodeStatus } from "../target.ts";
import { askReplication, isPonging } from "./ask.ts";
import { FailoverController } from "./failover.ts";

const READY_ASK_MS = 2_000;

/** How a redis-server is told to keep its data. */
export function persistenceOf({
  storage,
  fsync,
}: Pick<ClusterOptions, "storage" | "fsync">): readonly string[] {
  if (storage === "memory") return ["--appendonly", "no"];
  return ["--appendonly", "yes", "--appendfsync", fsync === "never" ? "no" : "always"];
}

/**
 * redis-server processes that write every command to their append-only file, synced, before they
 * acknowledge it. More than one: a primary and replicas, with the failover of failover.ts.
 */
export class RedisSystem implements ExternalSystem {
  readonly name: string;
  readonly protocol = "redis";
  readonly #binary: string;
  readonly #cluster: ExternalCluster;
  readonly #persistence: readonly string[];
  readonly #proxies = new Map<string, ByteProxy>();
  readonly #failover: FailoverController | null;
  readonly #events: ClusterEvent[] = [];
  /** The epoch in which each node began to lead; one counts every such beginning. */
  readonly #epochs = new Map<number, number>();
  #epoch = 0;
  /** Nodes that are being started as the primary. */
  readonly #starting = new Set<number>();

  constructor(name: string, binary: string, cluster: ExternalCluster, options: ClusterOptions) {
    this.name = name;
    this.#binary = binary;
    this.#cluster = cluster;
    this.#persistence = persistenceOf(options);
    if (options.faultyLinks) this.#openProxies(options.seed);
    this.#failover =
      cluster.nodes.length === 1
        ? null
        : new FailoverController({
            nodeIds: cluster.nodeIds,
            linkPort: (from, to) => this.#linkPort(from, to),
            localPort: (id) => this.#node(id).clientPort,
            isRunning: (id) => cluster.isRunning(id),
            onPromoted: (node, atUs) => this.#leads(node, atUs),
          });
  }

  command({ id, clientPort, dir }: ExternalNode): readonly string[] {
    this.#events.push({ atUs: nowUs(), node: id, kind: "started", term: this.#epoch });
    const primary = this.#failover?.primary ?? id;
    if (primary === id) this.#starting.add(id);
    const follows =
      primary === id ? [] : ["--replicaof", `127.0.0.1 ${this.#linkPort(id, primary)}`];
    return [
      ...[this.#binary, "--port", String(clientPort), "--bind", "127.0.0.1", "--dir", dir],
      ...[...this.#persistence, "--save", ""],
      // A replica that was away follows again at once, and one that hears nothing says so soon.
      ...["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"],
      ...follows,
    ];
  }

  async isReady({ id, clientPort }: ExternalNode): Promise<boolean> {
    const isReady = await isPonging(clientPort, READY_ASK_MS);
    if (isReady && this.#starting.delete(id)) this.#leads(id, nowUs());
    return isReady;
  }

  async status(node: ExternalNode, pid: number, withinMs: number): Promise<NodeStatus | null> {
    const { id, clientPort, peerPort } = node;
    const said = await askReplication(clientPort, withinMs);
    if (said === null) return null;
    const { isPrimary, offset } = said;
    return {
      ...{ id, pid, peerPort, clientPort, httpPort: clientPort },
      role: isPrimary ? "leader" : "follower",
      term: isPrimary ? (this.#epochs.get(id) ?? 1) : 0,
      ...{ commitIndex: offset, appliedIndex: offset, lastIndex: offset },
    };
  }

  async events(): Promise<readonly ClusterEvent[]> {
    return this.#events.toSorted((a, b) => a.atUs - b.atUs);
  }

  linksChanged(): void {
    for (const proxy of this.#proxies.values()) proxy.linksChanged();
  }

  async stop(): Promise<void> {
    await this.#failover?.stop();
    for (const proxy of this.#proxies.values()) proxy.stop();
  }

  #leads(node: number, atUs: number): void {
    this.#epochs.set(node, ++this.#epoch);
    this.#events.push({ atUs, node, kind: "becameLeader", term: this.#epoch });
  }

  /** One a directed link: replicas dial their primary, watchers ping it. */
  #openProxies(seed: number): void {
    const prng = new Prng(seed).fork("links");
    const stateOf = this.#cluster.stateOf.bind(this.#cluster);
    for (const { from, to } of allLinks(this.#cluster.nodeIds)) {
      const port = this.#node(to).clientPort;
      const proxy = new ByteProxy({ to, port, dialer: () => from, stateOf, prng });
      this.#proxies.set(`${from}>${to}`, proxy);
    }
  }

  #linkPort(from: number, to: number): number {
    return this.#proxies.get(`${from}>${to}`)?.port ?? this.#node(to).clientPort;
  }

  #node(id: number): ExternalNode {
    return this.#cluster.nodes.find((node) => node.id === id)!;
  }
}
