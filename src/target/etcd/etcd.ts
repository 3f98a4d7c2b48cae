import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../lib/prng.ts";
import { findBinary, versionOf } from "../external/binary.ts";
import { ByteProxy } from "../external/byte-proxy.ts";
import {
  ExternalCluster,
  type ExternalNode,
  type ExternalSystem,
  HOST,
  nowUs,
} from "../external/cluster.ts";
import { newMemoryDir, whyNoMemoryDir } from "../external/memory-dir.ts";
import { newNodes, refuseOptions, withFreePorts } from "../external/nodes.ts";
import { EventLog } from "../local-events.ts";
import {
  type Cluster,
  type ClusterEvent,
  type ClusterOptions,
  type NodeStatus,
  survivesText,
  type Target,
} from "../target.ts";
import { parseEtcdEvent } from "./log.ts";

const TOKEN = "ordeal";
const READY_ASK_MS = 2_000;
/** Half of etcd's own, which would sit out a leader that is away for a second. Under faults only. */
const QUICK_TIMERS = { heartbeatMs: 50, electionMs: 500 };

/** etcd 3.4 as Debian has it: a cluster of real processes. */
export const etcdTarget: Target = {
  name: "etcd",
  get version() {
    return versionOf("etcd");
  },
  can: {
    ...{ crash: true, pause: true, partition: true, delay: true, failover: true },
    ...{ "versioned-put": true, delete: true, scan: true, timers: true },
    append: "its API has no append",
    loss: "its peers talk over TCP streams; bytes lost in one would be no loss of messages, but garbage",
    disk: "its files are on the disk of this machine, with nothing below that could fail",
    get memory() {
      return whyNoMemoryDir() ?? true;
    },
    connection: "its links are proxies of bytes, which cut and delay, and do no more",
    orders: "its nodes are driven as processes, and given no orders from here",
    recording: "only Ordeal's own nodes record",
    clock: "it asks the system for the time",
    sharded: "it has one group, with all keys",
    membership: "changes of its membership are not driven from here",
  },
  terms: {
    client:
      "gRPC over HTTP/2 without a library, one connection to each node, frames of a turn in one write",
    durability({ nodes, storage, fsync }) {
      const isSynced = storage === "disk" && fsync !== "never";
      return {
        survives: survivesText(isSynced ? "on disk, synced" : "in memory only", "majority", nodes),
        how: isSynced
          ? "etcd's own way: fdatasync of the WAL for each batch of entries"
          : "its data directory is on a tmpfs, where a sync costs next to nothing: etcd 3.4 cannot be run without its syncs (--unsafe-no-fsync came with 3.5)",
      };
    },
  },
  async start(options) {
    const binary = findBinary("etcd");
    refuseOptions("etcd", options);
    return withFreePorts(() => startCluster(binary, options));
  },
};

async function startCluster(binary: string, options: ClusterOptions): Promise<Cluster> {
  const nodes = newNodes(options);
  const cluster = new ExternalCluster(nodes, options);
  await cluster.start(new EtcdSystem(binary, cluster, options));
  return cluster;
}

class EtcdSystem implements ExternalSystem {
  readonly name = "etcd";
  readonly protocol = "etcd";
  readonly #binary: string;
  readonly #wantedTimers: ClusterOptions["timers"];
  readonly #nodes: readonly ExternalNode[];
  /** One a node: what its peers dial to reach it. None without faulty links. */
  readonly #proxies: readonly ByteProxy[];
  readonly #peerUrls: readonly string[];
  readonly #logs: readonly EventLog[];
  /** Of the data of all nodes; null: each has its own directory, on disk. */
  readonly #memoryDir: string | null;

  constructor(binary: string, cluster: ExternalCluster, options: ClusterOptions) {
    this.#binary = binary;
    this.#wantedTimers = options.timers;
    this.#nodes = cluster.nodes;
    const prng = new Prng(options.seed).fork("links");
    const dialer = (chunk: Uint8Array): number => this.#dialer(chunk);
    const stateOf = cluster.stateOf.bind(cluster);
    this.#proxies = options.faultyLinks
      ? this.#nodes.map(
          ({ id, peerPort }) => new ByteProxy({ to: id, port: peerPort, dialer, stateOf, prng }),
        )
      : [];
    this.#peerUrls = this.#nodes.map(
      ({ peerPort }, i) => `http://${HOST}:${this.#proxies[i]?.port ?? peerPort}`,
    );
    const isOnDisk = options.storage === "disk" && options.fsync !== "never";
    this.#memoryDir = isOnDisk ? null : newMemoryDir();
    const sinceUs = nowUs();
    this.#logs = this.#nodes.map(
      ({ id, dir }) => new EventLog(join(dir, "node.log"), id, sinceUs - 1_000, parseEtcdEvent),
    );
  }

  /** Those asked for, or quicker ones under faults, or etcd's own. */
  #timers(): readonly string[] {
    const timers = this.#wantedTimers ?? (this.#proxies.length > 0 ? QUICK_TIMERS : undefined);
    if (timers === undefined) return [];
    const { heartbeatMs, electionMs } = timers;
    return ["--heartbeat-interval", `${heartbeatMs}`, "--election-timeout", `${electionMs}`];
  }

  command({ id, clientPort, peerPort, dir }: ExternalNode): readonly string[] {
    const members = this.#peerUrls.map((url, i) => `n${i + 1}=${url}`).join(",");
    const clientUrl = `http://${HOST}:${clientPort}`;
    const data = join(this.#memoryDir ?? dir, this.#memoryDir === null ? "data" : `node-${id}`);
    return [
      ...[this.#binary, "--name", `n${id}`, "--data-dir", data],
      ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
      ...["--listen-peer-urls", `http://${HOST}:${peerPort}`],
      ...["--initial-advertise-peer-urls", this.#peerUrls[id - 1]!],
      ...["--initial-cluster", members, "--initial-cluster-state", "new"],
      ...["--initial-cluster-token", TOKEN],
      ...this.#timers(),
      ...["--logger", "zap", "--log-outputs", "stderr", "--log-level", "info"],
    ];
  }

  /** It listens; it may answer only once a majority does. */
  async isReady({ clientPort }: ExternalNode): Promise<boolean> {
    const url = `http://${HOST}:${clientPort}/version`;
    const signal = AbortSignal.timeout(READY_ASK_MS);
    return fetch(url, { signal }).then(
      (response) => response.ok,
      (error: Error) => error.name === "TimeoutError",
    );
  }

  async status(node: ExternalNode, pid: number, withinMs: number): Promise<NodeStatus | null> {
    try {
      const response = await fetch(`http://${HOST}:${node.clientPort}/v3/maintenance/status`, {
        method: "POST",
        body: "{}",
        signal: AbortSignal.timeout(Math.max(1, withinMs)),
      });
      return response.ok ? statusOf(node, pid, (await response.json()) as EtcdStatus) : null;
    } catch {
      return null;
    }
  }

  async events(): Promise<readonly ClusterEvent[]> {
    const logs = await Promise.all(this.#logs.map((log) => log.read()));
    return logs.flat().sort((a, b) => a.atUs - b.atUs);
  }

  linksChanged(): void {
    for (const proxy of this.#proxies) proxy.linksChanged();
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) proxy.stop();
  }

  stopped(): void {
    if (this.#memoryDir !== null) rmSync(this.#memoryDir, { recursive: true, force: true });
  }

  /** etcd names the sender in every request between peers but its probes of the way (rafthttp). */
  #dialer(chunk: Uint8Array): number {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    const member = /^X-Server-From: ([0-9a-f]+)\r$/im.exec(text)?.[1];
    return this.#peerUrls.findIndex((url) => memberId(url) === member) + 1;
  }
}

/** What etcd numbers a member of a new cluster by (etcdserver/api/membership/member.go). */
const memberId = (peerUrl: string): string =>
  createHash("sha1").update(`${peerUrl}${TOKEN}`).digest("hex").slice(0, 16).replace(/^0+/, "");

/** The answer of maintenance/status through the JSON gateway: 64-bit numbers are strings. */
type EtcdStatus = {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
  readonly raftTerm?: string;
  readonly raftIndex?: string;
  readonly raftAppliedIndex?: string;
};

function statusOf(node: ExternalNode, pid: number, said: EtcdStatus): NodeStatus {
  const { id, peerPort, clientPort } = node;
  const commitIndex = Number(said.raftIndex ?? 0);
  return {
    ...{ id, pid, peerPort, clientPort, httpPort: clientPort },
    role: said.leader === said.header.member_id ? "leader" : "follower",
    term: Number(said.raftTerm ?? 0),
    commitIndex,
    lastIndex: commitIndex,
    appliedIndex: Number(said.raftAppliedIndex ?? 0),
  };
}
