import type { LinkSetting } from "../fault/link-table.ts";
import type { Link } from "../fault/resolve.ts";
import { assert } from "../lib/assert.ts";
import type { NodeAddress, NodeConfigFile } from "../runtime/config.ts";
import { CERT_DAYS, clientFilesOf, ensureCluster } from "../security/cert-dir.ts";
import type { CredentialFiles } from "../security/credentials.ts";
import { rememberNodes } from "../security/keyring.ts";
import type { LinkBreak } from "./proxy-link.ts";
import { LinkProxies } from "./link-proxies.ts";
import type { FaultyLinks } from "./local-network.ts";
import { tellNodes } from "./local-admin.ts";
import { ChildStartError } from "./local-child.ts";
import {
  certsDir,
  type LocalOptions,
  newAddresses,
  newConfig,
  prepareDir,
  writeConfig,
} from "./local-dir.ts";
import { LocalNodes } from "./local-nodes.ts";
import { explainStart } from "./local-start-error.ts";

/** Another process may take a free port before its node does: then other ports are tried. */
const PORT_ATTEMPTS = 5;

/**
 * A cluster on this machine: who its nodes are and where, their processes and, with faulty links, the
 * proxies. All are children of this process and end with it, whatever ends it.
 */
export class LocalSupervisor {
  /** Their processes. */
  readonly nodes: LocalNodes;
  #config: NodeConfigFile;
  readonly #proxies: FaultyLinks | null;
  readonly #failures: string[] = [];
  readonly #onFailure: (failure: string) => void;

  private constructor(
    options: LocalOptions,
    config: NodeConfigFile,
    proxies: FaultyLinks | null,
    onFailure: (failure: string) => void,
  ) {
    this.#config = config;
    this.#proxies = proxies;
    this.#onFailure = onFailure;
    const failed = (failure: string): void => this.#failed(failure);
    this.nodes = new LocalNodes(options, () => this.#config, failed);
    proxies?.watch(failed);
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
    return new LocalSupervisor(options, withLinks, proxies, onFailure);
  }

  /** As it is now: nodes come and go. */
  get config(): NodeConfigFile {
    return this.#config;
  }

  get nodeIds(): readonly number[] {
    return this.config.nodes.map((node) => node.id);
  }

  /** How clients show who they are; null: they need not. */
  get credentials(): CredentialFiles | null {
    const { tls, dataDir } = this.#config;
    return tls === undefined ? null : clientFilesOf(certsDir(dataDir));
  }

  get hasFaultyLinks(): boolean {
    return this.#proxies !== null;
  }

  /** Frames that nodes have sent each other so far; null: nothing counts them. */
  async frames(): Promise<number | null> {
    return (await this.#proxies?.frames?.()) ?? null;
  }

  /** Processes that ended without being told to, with what they said last. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Every process that was started, those that have ended too. */
  get pids(): readonly number[] {
    return [...this.nodes.pids, ...(this.#proxies?.pids ?? [])];
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
    await this.nodes.join(ids);
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
    this.nodes.forget(id);
    await this.nodes.join([added]);
    return added;
  }

  /** Ends nodes that are no members any more; their data stay. The others forget where they were. */
  async dropNodes(ids: readonly number[]): Promise<void> {
    await this.nodes.end(ids);
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
    await this.nodes.stop();
    await this.#proxies?.stop();
  }

  #failed(failure: string): void {
    this.#failures.push(failure);
    this.#onFailure(failure);
  }

  async #startAll(): Promise<void> {
    await this.#certify(this.config.nodes);
    writeConfig(this.config);
    await this.nodes.restart(this.nodeIds);
    if (this.config.bootstrapped === true) return;
    // Every node has begun: from now on an empty directory of one of them means lost data.
    this.#config = { ...this.config, bootstrapped: true };
    writeConfig(this.config);
  }

  /** Makes the certificates that are missing, and remembers with what the nodes are spoken to. */
  async #certify(nodes: readonly NodeAddress[]): Promise<void> {
    const { clusterId, dataDir, tls } = this.#config;
    if (tls !== undefined) {
      const named = nodes.map(({ id, host }) => ({ id, hosts: [host] }));
      await ensureCluster(certsDir(dataDir), clusterId, named, CERT_DAYS);
    }
    rememberNodes(nodes, this.credentials);
  }

  /**
   * The file first: a node that starts later reads it. A node that cannot be told now (it is paused,
   * say) dials old addresses until it starts again or is told the next time.
   */
  async #reconfigure(nodes: readonly NodeAddress[]): Promise<void> {
    await this.#certify(nodes);
    const links = this.#proxies?.linksAmong(nodes.map((node) => node.id));
    this.#config = { ...this.#config, nodes, links };
    writeConfig(this.#config);
    const running = nodes.filter((node) => this.nodes.state(node.id) === "running");
    await Promise.all(running.map((node) => tellNodes(node, { nodes, links })));
  }
}
