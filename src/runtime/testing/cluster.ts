import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeConfigFile } from "../config.ts";
import { OrdealNode, type OrdealNodeOptions } from "../ordeal-node.ts";
import { freePorts } from "../free-ports.ts";
import { type LinesLog, linesLog } from "./log.ts";
import { until } from "./until.ts";

/**
 * Election timeouts, at the least. The first node leads, soon, and goes on to: all nodes share this
 * process, and a pause of it that is longer than a timeout must not cost the leader its place.
 */
const FIRST_PATIENCE_MS = 500;
const OTHERS_PATIENCE_MS = 1500;

/** A config of nodes 1 … `size` on free ports of this machine. */
export function clusterConfig(
  size: number,
  dataDir: string,
  storage: "disk" | "memory",
): NodeConfigFile {
  const ports = freePorts(size * 3);
  const nodes = Array.from({ length: size }, (_, i) => {
    const [peerPort, clientPort, httpPort] = ports.slice(i * 3, i * 3 + 3) as [
      number,
      number,
      number,
    ];
    return { id: i + 1, host: "127.0.0.1", peerPort, clientPort, httpPort };
  });
  // A node without peers disturbs nobody by an early election.
  const alone = { raft: { electionTimeoutMinMs: 20, heartbeatIntervalMs: 10 } };
  return { clusterId: "test", nodes, dataDir, storage, ...(size === 1 && alone) };
}

/** The same, sharded: group g of 2 … `groups` + 1 on `replicas` nodes, round robin, and none has joined. */
export function shardedConfig(
  size: number,
  dataDir: string,
  storage: "disk" | "memory",
  {
    shards,
    groups,
    replicas,
  }: { readonly shards: number; readonly groups: number; readonly replicas: number },
): NodeConfigFile {
  const config = clusterConfig(size, dataDir, storage);
  const ids = config.nodes.map((node) => node.id);
  const placed: Record<string, readonly number[]> = { 1: ids };
  for (let i = 0; i < groups; i++) {
    const nodes = Array.from({ length: replicas }, (_, k) => ids[(i + k) % size]!);
    placed[i + 2] = nodes.sort((a, b) => a - b);
  }
  return { ...config, sharding: { shards, groups: placed } };
}

/** A new directory below the system's temporary one, and how to remove it. */
export function tempDir(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "ordeal-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Nodes in this process, on real sockets and disk. */
export class TestCluster {
  readonly config: NodeConfigFile;
  readonly nodes = new Map<number, OrdealNode>();
  readonly logs = new Map<number, LinesLog>();
  /** What was reported as fatal: a test expects none. */
  readonly fatal: unknown[] = [];
  #starts = 0;

  constructor(config: NodeConfigFile) {
    this.config = config;
  }

  /** `more`: besides, or instead of, what it is started with. */
  start(id: number, more: Partial<OrdealNodeOptions> = {}): OrdealNode {
    const log = linesLog();
    this.#starts++;
    const onFatal = (error: unknown): void => void this.fatal.push(error);
    const electionTimeoutMinMs = id === 1 ? FIRST_PATIENCE_MS : OTHERS_PATIENCE_MS;
    const config = { ...this.config, raft: this.config.raft ?? { electionTimeoutMinMs } };
    const node = new OrdealNode({ config, id, log, seed: this.#starts, onFatal, ...more });
    this.nodes.set(id, node);
    this.logs.set(id, log);
    return node;
  }

  startAll(): this {
    for (const { id } of this.config.nodes) this.start(id);
    return this;
  }

  async stop(id: number): Promise<void> {
    const node = this.nodes.get(id);
    this.nodes.delete(id);
    await node?.stop();
  }

  async stopAll(): Promise<void> {
    for (const id of [...this.nodes.keys()]) await this.stop(id);
  }

  /** The id of the leader, once all running nodes follow it. */
  leader(): Promise<number> {
    return until("a leader that all follow", () => {
      const all = [...this.nodes.values()].map((node) => node.status());
      const leader = all.find((status) => status.role === "leader");
      return leader && all.every((s) => s.leaderId === leader.id) ? leader.id : null;
    });
  }

  /** "http://host:port" of a node. */
  url(id: number): string {
    const node = this.config.nodes.find((n) => n.id === id)!;
    return `http://${node.host}:${node.httpPort}`;
  }

  clientPort(id: number): number {
    return this.config.nodes.find((n) => n.id === id)!.clientPort;
  }
}
