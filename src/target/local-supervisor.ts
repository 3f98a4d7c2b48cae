import type { LinkSetting } from "../fault/link-table.ts";
import type { Link } from "../fault/resolve.ts";
import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { assert } from "../lib/assert.ts";
import type { NodeAddress, NodeConfigFile } from "../runtime/config.ts";
import { DAMAGED_DATA } from "../storage/storage-error.ts";
import type { NodeChildSpec } from "../runtime/node.ts";
import type { LinkBreak } from "./proxy-link.ts";
import { LinkProxies } from "./link-proxies.ts";
import type { FaultyLinks, LocalNetwork } from "./local-network.ts";
import { tellNodes } from "./local-admin.ts";
import { ChildStartError, LocalChild } from "./local-child.ts";
import { LocalClocks } from "./local-clocks.ts";
import { LocalDisks } from "./local-disks.ts";
import {
  configFile,
  type LocalOptions,
  newAddresses,
  newConfig,
  prepareDir,
  recordFile,
  writeConfig,
} from "./local-dir.ts";
import { explainStart } from "./local-start-error.ts";
import type { NodeStart } from "./target.ts";

/** A node that does not end on SIGTERM within this time is killed. */
const STOP_WITHIN_MS = 20_000;
/** Another process may take a free port before its node does: then other ports are tried. */
const PORT_ATTEMPTS = 5;

/** "ended": by itself, which it should not, but for a disk that fails or changed its data. */
export type NodeState = "running" | "paused" | "crashed" | "ended";

/**
 * The processes of a cluster on this machine: its nodes and, with faulty links, one proxy. They are
 * children of this process and end with it, whatever ends it. Operations on a node wait for those
 * before them.
 */
export class LocalSupervisor {
  #config: NodeConfigFile;
  readonly #proxies: FaultyLinks | null;
  readonly #network: LocalNetwork | undefined;
  readonly #root: string | undefined;
  readonly #nodes = new Map<number, LocalChild>();
  readonly #failures: string[] = [];
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

  private constructor(
    options: LocalOptions,
    config: NodeConfigFile,
    proxies: FaultyLinks | null,
    onFailure: (failure: string) => void,
  ) {
    this.#record = options.record === true;
    this.#disks = options.faultyDisks === true ? new LocalDisks(options.seed) : null;
    this.#clocks = options.faultyClocks === true ? new LocalClocks() : null;
    this.#config = config;
    this.#proxies = proxies;
    this.#network = options.network;
    this.#root = options.root;
    this.#onFailure = onFailure;
  }

  /**
   * Starts all nodes on what the directory holds and resolves once all their ports listen.
   * `onFailure` hears of each process that ends without being told to. Throws UserError for what a
   * person can mend; no process is left then.
   */
  static async start(
    options: LocalOptions,
    onFailure: (failure: string) => void = () => {},
  ): Promise<LocalSupervisor> {
    let previous = prepareDir(options);
    for (let attempt = 1; ; attempt++) {
      const supervisor = await LocalSupervisor.#open(options, previous, onFailure);
      try {
        await supervisor.#startAll();
        return supervisor;
      } catch (error) {
        await supervisor.stop();
        const mayRetry = options.basePort === undefined && attempt < PORT_ATTEMPTS;
        if (!(mayRetry && error instanceof ChildStartError && /is in use/.test(error.said))) {
          throw explainStart(error);
        }
        previous = supervisor.config; // Nodes that did start have data of that cluster.
      }
    }
  }

  static async #open(
    options: LocalOptions,
    previous: NodeConfigFile | null,
    onFailure: (failure: string) => void,
  ): Promise<LocalSupervisor> {
    const config = newConfig(options, previous);
    if (!options.faultyLinks) return new LocalSupervisor(options, config, null, onFailure);
    const { network, seed } = options;
    const proxies = await (network?.openLinks(config, seed) ??
      LinkProxies.start(config.nodes, seed));
    const withLinks = { ...config, links: proxies.links };
    const supervisor = new LocalSupervisor(options, withLinks, proxies, onFailure);
    proxies.watch((failure) => supervisor.#failed(failure));
    return supervisor;
  }

  /** As it is now: nodes come and go. */
  get config(): NodeConfigFile {
    return this.#config;
  }

  get nodeIds(): readonly number[] {
    return this.config.nodes.map((node) => node.id);
  }

  get hasFaultyLinks(): boolean {
    return this.#proxies !== null;
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

  /** Frames that nodes have sent each other so far; null: nothing counts them. */
  async frames(): Promise<number | null> {
    return (await this.#proxies?.frames?.()) ?? null;
  }

  /** Processes that ended without being told to, with what they said last. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Every start of a node, in order. */
  get starts(): readonly NodeStart[] {
    return this.#starts;
  }

  /** Nodes that are stopped for ever: a fault changed their data, and they refuse them, or took them. */
  get refused(): readonly number[] {
    return [...this.#refused];
  }

  state(id: number): NodeState {
    const node = this.#nodes.get(id);
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
    const node = this.#nodes.get(id);
    return node?.running === true ? node.pid : 0;
  }

  /** SIGKILL. Like the others, skips nodes in another state and resolves once it is done. */
  crash(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => {
      const node = this.#nodes.get(id);
      this.#nodes.delete(id);
      await node?.kill();
    });
  }

  /**
   * Starts those that do not run, on what their directories hold. Not those that refuse damaged data;
   * one whose disk still fails ends again.
   */
  restart(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => {
      if (this.pid(id) === 0 && !this.#refused.has(id)) await this.#startNode(id);
    });
  }

  /** A crash that takes what was not synced with it, but for what `keeps` says. */
  losePower(ids: readonly number[], keeps: PowerLossKeeps): Promise<void> {
    return this.#each(ids, async (id) => {
      const { disks } = this;
      const node = this.#nodes.get(id);
      this.#nodes.delete(id);
      if (node?.running === true) await disks.losePower(node, keeps);
    });
  }

  /** It has lost what it held: it is not started again, and is to be replaced. */
  giveUp(id: number): void {
    this.#refused.add(id);
  }

  /** Work on nodes that waits its turn; `node` is the process that was started last, if any. */
  atNodes(
    ids: readonly number[],
    act: (id: number, node: LocalChild | undefined) => Promise<void>,
  ): Promise<void> {
    return this.#each(ids, (id) => act(id, this.#nodes.get(id)));
  }

  pause(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => {
      if (this.state(id) === "running") await this.#nodes.get(id)!.pause();
    });
  }

  resume(ids: readonly number[]): Promise<void> {
    return this.#each(ids, async (id) => {
      if (this.state(id) === "paused") this.#nodes.get(id)!.resume();
    });
  }

  /**
   * Starts `count` new nodes, which are no members yet; the others learn where they are. Resolves to
   * their ids.
   */
  async addNodes(count: number): Promise<readonly number[]> {
    const added = newAddresses(this.#config, count);
    const nodes = [...this.#config.nodes, ...added];
    await this.#proxies?.open(nodes);
    const ids = added.map((node) => node.id);
    await this.#reconfigure(nodes);
    await this.#each(ids, (id) => this.#startNode(id, true));
    return ids;
  }

  /**
   * Starts a new node, which is no member yet, at the addresses of one that never comes back; that
   * one's data stay. Resolves to its id.
   */
  async replaceNode(id: number): Promise<number> {
    const [fresh] = newAddresses(this.#config, 1);
    const added = fresh!.id;
    const nodes = this.#config.nodes.map((node) =>
      node.id === id ? { ...node, id: added } : node,
    );
    await this.#proxies?.open(nodes);
    await this.#reconfigure(nodes);
    this.#refused.delete(id);
    await this.#each([added], (node) => this.#startNode(node, true));
    return added;
  }

  /** Ends nodes that are no members any more; their data stay. The others forget where they were. */
  async dropNodes(ids: readonly number[]): Promise<void> {
    await this.#each(ids, async (id) => {
      const node = this.#nodes.get(id);
      this.#nodes.delete(id);
      await node?.stop(STOP_WITHIN_MS);
    });
    await this.#reconfigure(this.#config.nodes.filter((node) => !ids.includes(node.id)));
  }

  async setLinks(settings: readonly LinkSetting[]): Promise<void> {
    assert(this.#proxies !== null, "the cluster was started without faulty links");
    await this.#proxies.set(settings);
  }

  async breakLinks(how: LinkBreak, links: readonly Link[]): Promise<void> {
    assert(this.#proxies !== null, "the cluster was started without faulty links");
    await this.#proxies.break(how, links);
  }

  /** Ends every process, paused ones too. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work.catch(() => {});
    const nodes = [...this.#nodes];
    this.#nodes.clear();
    await Promise.all(
      nodes.map(async ([id, node]) => {
        const wasRunning = node.running;
        if (!(await node.stop(STOP_WITHIN_MS)) && wasRunning) {
          this.#failed(`node ${id} did not stop in order within ${STOP_WITHIN_MS} ms`);
        }
      }),
    );
    await this.#proxies?.stop();
  }

  #failed(failure: string): void {
    this.#failures.push(failure);
    this.#onFailure(failure);
  }

  async #startAll(): Promise<void> {
    writeConfig(this.config);
    await this.restart(this.nodeIds);
    if (this.config.bootstrapped === true) return;
    // Every node has begun: from now on an empty directory of one of them means lost data.
    this.#config = { ...this.config, bootstrapped: true };
    writeConfig(this.config);
  }

  /**
   * The file first: a node that starts later reads it. A node that cannot be told now (it is paused,
   * say) dials old addresses until it starts again or is told the next time.
   */
  async #reconfigure(nodes: readonly NodeAddress[]): Promise<void> {
    const links = this.#proxies?.linksAmong(nodes.map((node) => node.id));
    this.#config = { ...this.#config, nodes, links };
    writeConfig(this.#config);
    const running = nodes.filter((node) => this.state(node.id) === "running");
    await Promise.all(running.map((node) => tellNodes(node, { nodes, links })));
  }

  async #startNode(id: number, isJoining = false): Promise<void> {
    const { dataDir } = this.config;
    const spec: NodeChildSpec = {
      ...{ config: configFile(dataDir), id, isJoining },
      ...(this.#record && { recordFile: recordFile(dataDir, id) }),
      ...(this.#disks !== null && { faultyDisk: this.#disks.specFor(id) }),
      ...(this.#clocks !== null && { faultyClock: this.#clocks.specFor(id) }),
    };
    const atUs = nowUs();
    const { host } = this.#config.nodes.find((address) => address.id === id)!;
    const within = this.#network?.commandAt(host);
    const args = [JSON.stringify(spec)];
    const node = new LocalChild(`node ${id}`, "node", args, within, this.#root);
    this.#nodes.set(id, node);
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
      if (this.#disks?.wasEndedByDisk(id, end) !== true) this.#failed(failure);
    });
  }

  /**
   * What its disk has to do with it; null: nothing. Without faulty disks, too, a node that refuses
   * damaged data is left out, so that the others run and it can be replaced.
   */
  #whyNotStarted(id: number, error: ChildStartError): "diskFailed" | "refused" | null {
    if (this.#disks?.wasEndedByDisk(id, error) === true) return "diskFailed";
    if (this.#disks === null) {
      if (!isRefusal(error) || 2 * (this.#refused.size + 1) >= this.nodeIds.length) return null;
      this.#failed(error.message);
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
