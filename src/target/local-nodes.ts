import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { assert } from "../lib/assert.ts";
import type { NodeConfigFile } from "../runtime/config.ts";
import type { NodeChildSpec } from "../runtime/node.ts";
import { DAMAGED_DATA } from "../storage/storage-error.ts";
import { ChildStartError, LocalChild } from "./local-child.ts";
import { LocalClocks } from "./local-clocks.ts";
import { configFile, type LocalOptions, recordFile } from "./local-dir.ts";
import { LocalDisks } from "./local-disks.ts";
import type { LocalNetwork } from "./local-network.ts";
import type { NodeStart } from "./target.ts";

/** A node that does not end on SIGTERM within this time is killed. */
const STOP_WITHIN_MS = 20_000;

/** "ended": by itself, which it should not, but for a disk that fails or changed its data. */
export type NodeState = "running" | "paused" | "crashed" | "ended";

/**
 * The node processes of a cluster on this machine: each is started, ended, paused and resumed here, and
 * nowhere else. Operations on a node wait for those before them.
 */
export class LocalNodes {
  readonly #children = new Map<number, LocalChild>();
  readonly #pids: number[] = [];
  readonly #configOf: () => NodeConfigFile;
  readonly #network: LocalNetwork | undefined;
  readonly #root: string | undefined;
  readonly #onFailure: (failure: string) => void;
  /** The nodes record what their cores are given. */
  readonly #record: boolean;
  /** Null: the nodes are on the disk of this machine, as it is. */
  readonly #disks: LocalDisks | null;
  /** Null: they have the clock of this machine. */
  readonly #clocks: LocalClocks | null;
  readonly #starts: NodeStart[] = [];
  /** Nodes that did not start on their damaged data, or lost all of them, and never will start. */
  readonly #refused = new Set<number>();
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  /** `configOf` tells the config as it is now; `onFailure` hears of what ends without being told to. */
  constructor(
    options: LocalOptions,
    configOf: () => NodeConfigFile,
    onFailure: (failure: string) => void,
  ) {
    this.#configOf = configOf;
    this.#network = options.network;
    this.#root = options.root;
    this.#onFailure = onFailure;
    this.#record = options.record === true;
    this.#disks = options.faultyDisks === true ? new LocalDisks(options.seed) : null;
    this.#clocks = options.faultyClocks === true ? new LocalClocks() : null;
  }

  get hasFaultyDisks(): boolean {
    return this.#disks !== null;
  }

  get hasFaultyClocks(): boolean {
    return this.#clocks !== null;
  }

  get disks(): LocalDisks {
    assert(this.#disks !== null, "the cluster was started without faulty disks");
    return this.#disks;
  }

  get clocks(): LocalClocks {
    assert(this.#clocks !== null, "the cluster was started without faulty clocks");
    return this.#clocks;
  }

  /** Every start of a node, in order. */
  get starts(): readonly NodeStart[] {
    return this.#starts;
  }

  /** Every process that was started, those that have ended too. */
  get pids(): readonly number[] {
    return this.#pids;
  }

  /** Nodes that are stopped for ever: a fault changed their data, and they refuse them, or took them. */
  get refused(): readonly number[] {
    return [...this.#refused];
  }

  state(id: number): NodeState {
    const node = this.#children.get(id);
    if (node === undefined) return "crashed";
    if (!node.running) return "ended";
    return node.paused ? "paused" : "running";
  }

  /** It did not start on its damaged data, and is to be replaced. */
  hasRefused(id: number): boolean {
    return this.#refused.has(id);
  }

  /** 0: it does not run. */
  pid(id: number): number {
    const node = this.#children.get(id);
    return node?.running === true ? node.pid : 0;
  }

  /** SIGKILL. Like the others, skips nodes in another state and resolves once it is done. */
  crash(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => this.#taken(id)?.kill());
  }

  /**
   * Starts those that do not run, on what their directories hold. Not those that refuse damaged data;
   * one whose disk still fails ends again.
   */
  restart(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => {
      if (this.pid(id) === 0 && !this.#refused.has(id)) await this.#start(id, false);
    });
  }

  /** Starts nodes that are new, and no members yet. */
  join(ids: readonly number[]): Promise<void> {
    return this.#each(ids, (id) => this.#start(id, true));
  }

  /** SIGTERM, and SIGKILL where that does not help. */
  end(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => void (await this.#taken(id)?.stop(STOP_WITHIN_MS)));
  }

  /** A crash that takes what was not synced with it, but for what `keeps` says. */
  losePower(ids: readonly number[], keeps: PowerLossKeeps): Promise<void> {
    return this.#each(ids, async (id) => {
      const { disks } = this; // First: without such disks nothing may happen to the node.
      const node = this.#taken(id);
      if (node?.running === true) await disks.losePower(node, keeps);
    });
  }

  /** It has lost what it held: it is not started again, and is to be replaced. */
  giveUp(id: number): void {
    this.#refused.add(id);
  }

  /** It has been replaced. */
  forget(id: number): void {
    this.#refused.delete(id);
  }

  /** Work on nodes that waits its turn; `node` is the process that was started last, if any. */
  atNodes(
    ids: readonly number[],
    act: (id: number, node: LocalChild | undefined) => Promise<void>,
  ): Promise<void> {
    return this.#each(ids, (id) => act(id, this.#children.get(id)));
  }

  pause(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => {
      if (this.state(id) === "running") await this.#children.get(id)!.pause();
    });
  }

  resume(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => {
      if (this.state(id) === "paused") this.#children.get(id)!.resume();
    });
  }

  /** Ends every process, paused ones too; none is started any more. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work.catch(() => {});
    const nodes = [...this.#children];
    this.#children.clear();
    await Promise.all(
      nodes.map(async ([id, node]) => {
        const wasRunning = node.running;
        if (!(await node.stop(STOP_WITHIN_MS)) && wasRunning) {
          this.#onFailure(`node ${id} did not stop in order within ${STOP_WITHIN_MS} ms`);
        }
      }),
    );
  }

  /** The process of a node that is about to end; from now on the node is down. */
  #taken(id: number): LocalChild | undefined {
    const node = this.#children.get(id);
    this.#children.delete(id);
    return node;
  }

  async #start(id: number, isJoining: boolean): Promise<void> {
    const { dataDir, nodes } = this.#configOf();
    const spec: NodeChildSpec = {
      ...{ config: configFile(dataDir), id, isJoining },
      ...(this.#record && { recordFile: recordFile(dataDir, id) }),
      ...(this.#disks !== null && { faultyDisk: this.#disks.specFor(id) }),
      ...(this.#clocks !== null && { faultyClock: this.#clocks.specFor(id) }),
    };
    const atUs = nowUs();
    const { host } = nodes.find((address) => address.id === id)!;
    const within = this.#network?.commandAt(host);
    const args = [JSON.stringify(spec)];
    const node = new LocalChild(`node ${id}`, "node", args, within, this.#root);
    this.#children.set(id, node);
    this.#pids.push(node.pid);
    try {
      await node.nextLine();
    } catch (error) {
      const outcome = error instanceof ChildStartError ? this.#whyNotStarted(id, error) : null;
      if (outcome === null) throw error;
      this.#starts.push({ node: id, atUs, doneUs: nowUs(), outcome });
      return;
    }
    this.#starts.push({ node: id, atUs, doneUs: nowUs(), outcome: "ready" });
    node.watch((failure, end) => {
      if (this.#disks?.wasEndedByDisk(id, end) !== true) this.#onFailure(failure);
    });
  }

  /**
   * What its disk has to do with it; null: nothing. Without faulty disks, too, a node that refuses
   * damaged data is left out, so that the others run and it can be replaced.
   */
  #whyNotStarted(id: number, error: ChildStartError): "diskFailed" | "refused" | null {
    if (this.#disks?.wasEndedByDisk(id, error) === true) return "diskFailed";
    if (this.#disks === null) {
      const { length } = this.#configOf().nodes;
      if (!isRefusal(error) || 2 * (this.#refused.size + 1) >= length) return null;
      this.#onFailure(error.message);
    } else if (!this.#disks.mayRefuse(id) || error.exitCode === null) {
      return null;
    }
    this.#refused.add(id);
    return "refused";
  }

  #each(ids: readonly number[], act: (id: number) => Promise<void>): Promise<void> {
    const done = this.#work.then(async () => {
      if (this.#stopped) return;
      const results = await Promise.allSettled(ids.map(act));
      const failed = results.find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    });
    this.#work = done.catch(() => {});
    return done;
  }
}

/** The first words of a StorageError: any other end of a node at its start is a failure. */
const isRefusal = ({ said }: ChildStartError): boolean => said.includes(DAMAGED_DATA);

/** Microseconds since the Unix epoch, as in cluster events. */
const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;
