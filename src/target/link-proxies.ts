import { type Link, allLinks } from "../fault/resolve.ts";
import type { LinkSetting } from "../fault/link-table.ts";
import type { NodeConfigFile } from "../runtime/config.ts";
import { LocalChild } from "./local-child.ts";
import type { ProxyCommand, ProxyEvent, ProxySpec } from "./local-proxy.ts";

/** The proxy process of a local cluster, as its parent sees it. */
export class LinkProxies {
  readonly #child: LocalChild;
  readonly #ports: readonly (Link & { readonly port: number })[];
  /** One command after the other: an answer is the next line. */
  #last: Promise<unknown> = Promise.resolve();
  #nextId = 1;

  private constructor(child: LocalChild, ports: readonly (Link & { readonly port: number })[]) {
    this.#child = child;
    this.#ports = ports;
  }

  /** Starts a proxy on every directed link of `config`. */
  static async start(config: NodeConfigFile, seed: number): Promise<LinkProxies> {
    const child = new LocalChild("the link proxy", ["proxy", "--spec", "-"]);
    const spec: ProxySpec = {
      seed,
      links: allLinks(config.nodes.map((node) => node.id)).map((link) => {
        const { host, peerPort } = config.nodes.find((node) => node.id === link.to)!;
        return { ...link, host, port: peerPort };
      }),
    };
    child.send(spec);
    const event = JSON.parse(await child.nextLine()) as ProxyEvent;
    return new LinkProxies(child, event.kind === "ready" ? event.links : []);
  }

  /** Calls `onLost`, with a sentence, if the process ends by itself. */
  watch(onLost: (failure: string) => void): void {
    this.#child.watch(onLost);
  }

  /** What each node dials instead of its peers. */
  get links(): NonNullable<NodeConfigFile["links"]> {
    const links: Record<string, Record<string, string>> = {};
    for (const { from, to, port } of this.#ports) {
      (links[from] ??= {})[to] = `127.0.0.1:${port}`;
    }
    return links;
  }

  /** Resolves once the states are in force. */
  set(settings: readonly LinkSetting[]): Promise<void> {
    const command: ProxyCommand = { kind: "set", id: this.#nextId++, links: settings };
    this.#child.send(command);
    const answered = this.#last.then(async () => {
      await this.#child.nextLine();
    });
    this.#last = answered.catch(() => {});
    return answered;
  }

  async stop(): Promise<void> {
    await this.#child.kill();
  }
}
