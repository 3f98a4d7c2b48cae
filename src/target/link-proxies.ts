import { type Link, allLinks } from "../fault/resolve.ts";
import type { LinkSetting } from "../fault/link-table.ts";
import type { NodeAddress, NodeConfigFile } from "../runtime/config.ts";
import { LocalChild } from "./local-child.ts";
import type { LinkBreak } from "./proxy-link.ts";
import type { ProxyCommand, ProxyEvent, ProxySpec } from "./local-proxy.ts";

/** Where a proxy process is: it proxies links that begin at `host`, and `command` runs it there. */
export type ProxyPlace = { readonly host: string; readonly command: readonly string[] };

/** A proxy process of a local cluster, as its parent sees it. */
export class LinkProxies {
  readonly #child: LocalChild;
  readonly #ports: (Link & { readonly port: number })[];
  readonly #place: ProxyPlace | undefined;
  /** One command after the other: an answer is the next line. */
  #last: Promise<unknown> = Promise.resolve();
  #nextId = 1;

  private constructor(
    child: LocalChild,
    ports: readonly (Link & { readonly port: number })[],
    place: ProxyPlace | undefined,
  ) {
    this.#place = place;
    this.#child = child;
    this.#ports = [...ports];
  }

  /** Starts a proxy on every directed link among `nodes`, or on those that begin at a place. */
  static async start(
    nodes: readonly NodeAddress[],
    seed: number,
    place?: ProxyPlace,
  ): Promise<LinkProxies> {
    const args = ["proxy", "--spec", "-"];
    const child = new LocalChild("the link proxy", "ordeal", args, place?.command);
    const spec: ProxySpec = {
      seed,
      links: endpointsOf(nodes, place),
    };
    child.send(spec);
    const event = JSON.parse(await child.nextLine()) as ProxyEvent;
    return new LinkProxies(child, event.kind === "ready" ? event.links : [], place);
  }

  /** Calls `onLost`, with a sentence, if the process ends by itself. */
  watch(onLost: (failure: string) => void): void {
    this.#child.watch(onLost);
  }

  /** The processes, ended or not. */
  get pids(): readonly number[] {
    return [this.#child.pid];
  }

  /** What each node dials instead of its peers. */
  get links(): NonNullable<NodeConfigFile["links"]> {
    return this.linksAmong(this.#ports.flatMap(({ from, to }) => [from, to]));
  }

  /** The same, of these nodes only. */
  linksAmong(nodes: readonly number[]): NonNullable<NodeConfigFile["links"]> {
    const links: Record<string, Record<string, string>> = {};
    for (const { from, to, port } of this.#ports) {
      if (!nodes.includes(from) || !nodes.includes(to)) continue;
      (links[from] ??= {})[to] = `127.0.0.1:${port}`;
    }
    return links;
  }

  /** Starts proxies on the links among `nodes` that have none yet. */
  async open(nodes: readonly NodeAddress[]): Promise<void> {
    const links = endpointsOf(nodes, this.#place).filter(
      ({ from, to }) => !this.#ports.some((link) => link.from === from && link.to === to),
    );
    const event = await this.#ask({ kind: "open", id: this.#nextId++, links });
    if (event.kind === "ready") this.#ports.push(...event.links);
  }

  /** Resolves once the states are in force. */
  async set(settings: readonly LinkSetting[]): Promise<void> {
    await this.#ask({ kind: "set", id: this.#nextId++, links: settings });
  }

  /** Does it to the connections that are open on these links; resolves once it is done. */
  async break(how: LinkBreak, links: readonly Link[]): Promise<void> {
    await this.#ask({ kind: "break", id: this.#nextId++, how, links });
  }

  /** Frames that nodes have sent each other so far. */
  async frames(): Promise<number> {
    const event = await this.#ask({ kind: "count", id: this.#nextId++ });
    return event.kind === "counted" ? event.frames : 0;
  }

  #ask(command: ProxyCommand): Promise<ProxyEvent> {
    this.#child.send(command);
    const answered = this.#last.then(
      async () => JSON.parse(await this.#child.nextLine()) as ProxyEvent,
    );
    this.#last = answered.catch(() => {});
    return answered;
  }

  async stop(): Promise<void> {
    await this.#child.kill();
  }
}

function endpointsOf(
  nodes: readonly NodeAddress[],
  place: ProxyPlace | undefined,
): ProxySpec["links"] {
  const address = new Map(nodes.map((node) => [node.id, node]));
  return allLinks(nodes.map((node) => node.id))
    .filter(({ from }) => place === undefined || address.get(from)!.host === place.host)
    .map((link) => {
      const { host, peerPort } = address.get(link.to)!;
      return { ...link, host, port: peerPort };
    });
}
