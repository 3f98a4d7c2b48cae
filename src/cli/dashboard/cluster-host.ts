import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadOptions, StartOptions } from "../../dashboard/live/document.ts";
import type { HostLoad, LiveHost, LoadTick, Look } from "../../dashboard/live/host.ts";
import type { LiveFault } from "../../target/live-faults.ts";
import type { LocalOptions } from "../../target/local-dir.ts";
import type { LoadSpec } from "../../workload/spec.ts";
import { controlAt } from "../cluster/control.ts";
import { openCluster, type OpenCluster } from "../cluster/open.ts";
import { runningCluster } from "../cluster/record.ts";
import { startGenerator } from "../generator.ts";
import { addressOf } from "../load/address.ts";
import { WatchedCluster } from "./watched-cluster.ts";

const REPLICAS = 3;
const CONNECTIONS_MAX = 16;
const TIMEOUT_MS = 5_000;
/** Small enough that snapshots are seen within minutes of load. */
const SNAPSHOT_EVERY_BYTES = 8 << 20;
const LOOK_FOR_EVERY_MS = 1_000;

/** What runs because the page asked for it, or in the directory that was named. */
export class ClusterHost implements LiveHost {
  readonly mayStart: boolean;
  /** Of a cluster that others run. */
  readonly #dir: string | null;
  #watched: WatchedCluster | null = null;
  #open: OpenCluster | null = null;
  #ownDir: string | null = null;
  #lookForAt = 0;
  #started: Promise<void> = Promise.resolve();

  /** `dir`: shows the cluster that runs there. Throws UserError when none does. Null: the page may start one. */
  constructor(dir: string | null) {
    this.#dir = dir;
    this.mayStart = dir === null;
    if (dir !== null) this.#watched = new WatchedCluster(dir, runningCluster(dir), false);
  }

  async look(): Promise<Look | null> {
    this.#lookFor();
    const watched = this.#watched;
    const look = (await watched?.look()) ?? null;
    // It has ended, or begun anew under another port.
    if (look === null && this.#dir !== null && watched === this.#watched) this.#forget();
    return look;
  }

  start(options: StartOptions): Promise<void> {
    const started = this.#start(options);
    this.#started = started.catch(() => {});
    return started;
  }

  async stop(): Promise<void> {
    await this.#started; // Its processes can be ended once they are known.
    this.#forget();
    await this.#open?.stop();
    this.#open = null;
    if (this.#ownDir !== null) rmSync(this.#ownDir, { recursive: true, force: true });
    this.#ownDir = null;
  }

  async act(fault: unknown, by: string): Promise<void> {
    // What it is made of is checked by who obeys.
    await controlAt(this.#cluster().record, { kind: "fault", fault: fault as LiveFault }, by);
  }

  async load(options: LoadOptions, onTick: (tick: LoadTick) => void): Promise<HostLoad> {
    const { nodes, shards, credentials } = this.#cluster().record;
    const address = addressOf(nodes, shards, credentials);
    const load = await startGenerator(specOf(options, address), onTick);
    return {
      done: load.done,
      stop: async () => {
        // A cluster that is cut apart answers nobody: the generator is not waited for.
        await load.kill();
      },
    };
  }

  close(): Promise<void> {
    return this.stop();
  }

  async #start(options: StartOptions): Promise<void> {
    const { dir, nodes, storage, groups, shards } = options;
    const own = dir === null ? mkdtempSync(join(tmpdir(), "ordeal-dashboard-")) : null;
    const local: LocalOptions = {
      ...{ nodes, storage, dir: dir ?? own!, faultyLinks: true, seed: 1 },
      ...(groups > 0 && {
        sharded: { shards, groups, replicas: Math.min(REPLICAS, nodes) },
      }),
      raft: { snapshotEveryBytes: SNAPSHOT_EVERY_BYTES },
    };
    try {
      const failed = (failure: string): void => console.error(failure);
      this.#open = await openCluster(local, { begun: () => {}, failed });
    } catch (error) {
      if (own !== null) rmSync(own, { recursive: true, force: true });
      throw error;
    }
    this.#ownDir = own;
    this.#watched = new WatchedCluster(local.dir, this.#open.record, true);
  }

  #cluster(): WatchedCluster {
    if (this.#watched === null) throw new Error("no cluster runs");
    return this.#watched;
  }

  #forget(): void {
    this.#watched?.close();
    this.#watched = null;
  }

  /** A cluster of others that had ended may run again. */
  #lookFor(): void {
    const now = performance.now();
    if (this.#dir === null || this.#watched !== null || now < this.#lookForAt) return;
    this.#lookForAt = now + LOOK_FOR_EVERY_MS;
    try {
      this.#watched = new WatchedCluster(this.#dir, runningCluster(this.#dir), false);
    } catch {
      // Not yet.
    }
  }
}

function specOf(options: LoadOptions, address: LoadSpec["address"]): LoadSpec {
  const { clients, rate, reads, valueBytes, keys, distribution } = options;
  return {
    address,
    seed: crypto.getRandomValues(new Uint32Array(1))[0]!,
    ...{ clients, rate, arrivals: "poisson", valueBytes, keys, keyDistribution: distribution },
    connections: Math.min(clients, CONNECTIONS_MAX),
    mix: { get: reads, put: 1 - reads, cas: 0, append: 0, delete: 0 },
    ...{ durationMs: null, warmupMs: 0, timeoutMs: TIMEOUT_MS, reads: "linearizable" },
    // A core for exact starts would be taken from the nodes that are looked at.
    ...{ history: null, pacing: "event" },
  };
}
