import type { AdminPort } from "../admin-port.ts";
import type { NodeAddress } from "../config.ts";
import type { Log } from "../logging.ts";
import { membersOf, type NodesReport } from "../nodes-report.ts";
import { askNodes } from "./ask.ts";
import { type Seed, seedText } from "./seed.ts";
import type { Source } from "./source.ts";

/** While somebody is missing, the source is asked again after this; each time twice as late, up to the other. */
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 2000;
/** A source that names more is cut: a mistake, or an attack. */
const SEEDS_MAX = 255;

export type FollowOptions = {
  readonly source: Source;
  readonly node: Pick<AdminPort, "nodes" | "addNodes" | "isConnected">;
  readonly log: Log;
  /** What the node knows has changed. */
  readonly onNodes: (report: NodesReport) => void;
};

/**
 * Keeps a node informed of where the others are: asks its source, asks each address who is there, and hands
 * the node what is new. An address counts only once a node of this cluster has answered there; and the
 * handshake of the peers checks ids and cluster once more. Who has a working connection keeps its
 * address. Runs until `stop`.
 */
export class Discovery {
  readonly #options: FollowOptions;
  #seeds: readonly Seed[] = [];
  #retryMs = RETRY_MS_MIN;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;
  /** Reasons that are logged already, by what they are about; gone once it is mended. */
  readonly #logged = new Map<string, string>();
  #saved: string;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#saved = JSON.stringify(options.node.nodes().nodes);
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    await this.#resolve();
    await this.#identify();
    if (this.#isStopped) return;
    this.#save();
    const pauseMs = this.#isComplete() ? this.#options.source.everyMs : this.#retryMs;
    if (this.#isComplete()) this.#retryMs = RETRY_MS_MIN;
    else this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    this.#timer = setTimeout(() => void this.#look(), pauseMs);
  }

  /** What cannot be looked up leaves the last answer in force. */
  async #resolve(): Promise<void> {
    const { source, log } = this.#options;
    try {
      const seeds = (await source.resolve()).slice(0, SEEDS_MAX);
      const before = this.#seeds.map(seedText);
      const now = [...new Set(seeds.map(seedText))];
      this.#seeds = seeds;
      this.#mended("source");
      const came = now.filter((seed) => !before.includes(seed));
      const gone = before.filter((seed) => !now.includes(seed));
      if (came.length + gone.length === 0) return;
      const fields = { event: "discovered", source: source.url, came, gone };
      log.info(fields, "the source tells of other addresses");
      for (const seed of gone) this.#mended(seed);
      this.#retryMs = RETRY_MS_MIN;
    } catch (error) {
      this.#warn("source", source.url, (error as Error).message);
    }
  }

  /** Asks who is at the addresses that are not known to work. */
  async #identify(): Promise<void> {
    const { node } = this.#options;
    const { id, nodes, membership } = node.nodes();
    const works = ({ host, port }: Seed): boolean => {
      const known = nodes.find((one) => one.host === host && one.httpPort === port);
      return known !== undefined && (known.id === id || node.isConnected(known.id));
    };
    const asked = this.#seeds.filter((seed) => !works(seed));
    // A member whose address nobody told us: the others know it.
    const isMissing = membersOf(membership).some((member) => !nodes.some((n) => n.id === member));
    if (isMissing) asked.push(...nodes.filter((n) => n.id !== id).map(seedOf));
    const answers = await Promise.all(
      asked.map(async (seed) => ({ seed, said: await askNodes(seed) })),
    );
    if (this.#isStopped) return;
    // All in one: two nodes may have changed places.
    const news = new Map<number, NodeAddress>();
    for (const { seed, said } of answers) {
      for (const found of this.#hear(seed, said)) news.set(found.id, found);
    }
    if (news.size === 0) return;
    const problem = node.addNodes([...news.values()]);
    if (problem === null) this.#mended("nodes");
    else this.#warn("nodes", [...news.keys()].join(), problem);
  }

  /** What is new in an answer. */
  #hear(seed: Seed, said: NodesReport | string): readonly NodeAddress[] {
    const at = seedText(seed);
    const { node } = this.#options;
    const problem = typeof said === "string" ? said : this.#problemWith(seed, said);
    if (problem !== null || typeof said === "string") {
      this.#warn(at, at, problem ?? "");
      return [];
    }
    this.#mended(at);
    const found = addressAt(seed, said);
    const { nodes, membership } = node.nodes();
    const members = membersOf(membership);
    const isKnown = (id: number): boolean => nodes.some((one) => one.id === id);
    // Others are taken on its word as long as we know nothing of them.
    const heard = said.nodes.filter(
      ({ id }) => id !== said.id && members.includes(id) && !isKnown(id),
    );
    return found !== null && this.#isNews(found) ? [...heard, found] : heard;
  }

  #problemWith(seed: Seed, said: NodesReport): string | null {
    const { clusterId, id, instance } = this.#options.node.nodes();
    if (said.clusterId !== clusterId) {
      return `is node ${said.id} of cluster "${said.clusterId}"`;
    }
    if (seed.id !== undefined && said.id !== seed.id) {
      return `is node ${said.id}, not ${seed.id}`;
    }
    if (said.id === id && said.instance !== instance) {
      return `another process is node ${id} too: end one of them`;
    }
    return null;
  }

  #isNews(found: NodeAddress): boolean {
    const { node } = this.#options;
    const { id, nodes } = node.nodes();
    if (found.id === id || node.isConnected(found.id)) return false;
    const known = nodes.find((one) => one.id === found.id);
    return known === undefined || JSON.stringify(ordered(known)) !== JSON.stringify(ordered(found));
  }

  /** Every member is where we know it to be, and the source names nobody who is not there. */
  #isComplete(): boolean {
    const { node } = this.#options;
    const { id, membership } = node.nodes();
    const isThere = (member: number): boolean => member === id || node.isConnected(member);
    return membersOf(membership).every(isThere) && this.#logged.size === 0;
  }

  #save(): void {
    const { node, onNodes } = this.#options;
    const report = node.nodes();
    const text = JSON.stringify(report.nodes);
    if (text === this.#saved) return;
    this.#saved = text;
    onNodes(report);
  }

  #warn(about: string, address: string, reason: string): void {
    if (this.#logged.get(about) === reason) return;
    this.#logged.set(about, reason);
    const fields = { event: "discoveryFailed", address, reason };
    this.#options.log.warn(fields, "cannot take a node from there");
  }

  #mended(about: string): void {
    this.#logged.delete(about);
  }
}

const seedOf = ({ host, httpPort }: NodeAddress): Seed => ({ host, port: httpPort });

/** The host by which it was reached, and the ports that it has; null: it does not list itself. */
function addressAt({ host, port }: Seed, { id, nodes }: NodesReport): NodeAddress | null {
  const own = nodes.find((one) => one.id === id);
  return own === undefined ? null : { ...own, host, httpPort: port };
}

const ordered = ({ id, host, peerPort, clientPort, httpPort }: NodeAddress): unknown => [
  ...[id, host, peerPort, clientPort, httpPort],
];
