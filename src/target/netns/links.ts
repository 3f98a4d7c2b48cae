import type { LinkSetting } from "../../fault/link-table.ts";
import type { Link } from "../../fault/resolve.ts";
import type { NodeAddress, NodeConfigFile } from "../../runtime/config.ts";
import { LinkProxies } from "../link-proxies.ts";
import type { FaultyLinks } from "../local-network.ts";
import type { LinkBreak } from "../proxy-link.ts";

/**
 * The links of nodes in namespaces. The kernel cuts and loses: packets are dropped between the
 * addresses of the nodes. What concerns frames and connections, which no packet filter knows, proxies
 * do: one process in the namespace of each node, for the links that begin there.
 */
export class NetnsLinks implements FaultyLinks {
  readonly #proxies: ReadonlyMap<string, LinkProxies>;
  readonly #filter: (
    nodes: readonly NodeAddress[],
    settings: readonly LinkSetting[],
  ) => Promise<void>;
  #nodes: readonly NodeAddress[];

  private constructor(
    nodes: readonly NodeAddress[],
    proxies: ReadonlyMap<string, LinkProxies>,
    filter: NetnsLinks["setFilter"],
  ) {
    this.#nodes = nodes;
    this.#proxies = proxies;
    this.#filter = filter;
  }

  /** `filter` puts the cuts and losses among `nodes` in force; `commandAt`: see LocalNetwork. */
  static async start(
    { nodes }: NodeConfigFile,
    seed: number,
    commandAt: (host: string) => readonly string[],
    filter: NetnsLinks["setFilter"],
  ): Promise<NetnsLinks> {
    const hosts = [...new Set(nodes.map(({ host }) => host))];
    const started = await Promise.allSettled(
      hosts.map((host) => LinkProxies.start(nodes, seed, { host, command: commandAt(host) })),
    );
    const proxies = new Map<string, LinkProxies>();
    for (const [i, result] of started.entries()) {
      if (result.status === "fulfilled") proxies.set(hosts[i]!, result.value);
    }
    const links = new NetnsLinks(nodes, proxies, filter);
    const failed = started.find((result) => result.status === "rejected");
    if (failed === undefined) return links;
    await links.stop();
    throw failed.reason;
  }

  watch(onLost: (failure: string) => void): void {
    for (const proxies of this.#proxies.values()) proxies.watch(onLost);
  }

  get pids(): readonly number[] {
    return [...this.#proxies.values()].flatMap(({ pids }) => pids);
  }

  get links(): NonNullable<NodeConfigFile["links"]> {
    return this.linksAmong(this.#nodes.map(({ id }) => id));
  }

  linksAmong(nodes: readonly number[]): NonNullable<NodeConfigFile["links"]> {
    const each = [...this.#proxies.values()].map((proxies) => proxies.linksAmong(nodes));
    return Object.assign({}, ...each) as NonNullable<NodeConfigFile["links"]>;
  }

  async open(nodes: readonly NodeAddress[]): Promise<void> {
    this.#nodes = nodes;
    await Promise.all([...this.#proxies.values()].map((proxies) => proxies.open(nodes)));
  }

  async set(settings: readonly LinkSetting[]): Promise<void> {
    const toProxies = settings.map(({ from, to, state }) => ({
      ...{ from, to },
      state: { ...state, cut: false, loss: 0 },
    }));
    await Promise.all([
      this.setFilter(this.#nodes, settings),
      ...this.#byHost(toProxies, (proxies, links) => proxies.set(links)),
    ]);
  }

  async break(how: LinkBreak, links: readonly Link[]): Promise<void> {
    await Promise.all(this.#byHost(links, (proxies, those) => proxies.break(how, those)));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxies) => proxies.stop()));
  }

  setFilter(nodes: readonly NodeAddress[], settings: readonly LinkSetting[]): Promise<void> {
    return this.#filter(nodes, settings);
  }

  #byHost<L extends Link>(
    links: readonly L[],
    act: (proxies: LinkProxies, links: readonly L[]) => Promise<void>,
  ): Promise<void>[] {
    const hostOf = new Map(this.#nodes.map(({ id, host }) => [id, host]));
    return [...this.#proxies].map(([host, proxies]) =>
      act(
        proxies,
        links.filter(({ from }) => hostOf.get(from) === host),
      ),
    );
  }
}
