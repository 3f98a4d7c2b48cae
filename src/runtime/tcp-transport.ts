import { asNode, type GroupId, type NodeId } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { Message } from "../raft/types.ts";
import { WIRE_VERSIONS, type WireVersions } from "../wire/versions.ts";
import { firstVoters, listenAddress, type NodeConfigFile, peerEndpoint } from "./config.ts";
import type { NodeSecurity } from "../security/node-security.ts";
import type { Log } from "./logging.ts";
import { PeerLink } from "./peer-link.ts";
import { PeerListener } from "./peer-listener.ts";
import { PeerTraffic } from "./peer-traffic.ts";

export type TransportOptions = {
  readonly config: NodeConfigFile;
  readonly self: NodeId;
  /** Of the peer protocol; default: what this build speaks. */
  readonly versions?: WireVersions | undefined;
  readonly random: Prng;
  /** Null or absent: nothing is encrypted, and nobody shows who it is. */
  readonly security?: NodeSecurity | null;
  readonly log: Log;
  readonly onMessage: (group: number, message: Message) => void;
  /** A peer tells that it lives, and the number of its process. */
  readonly onAlive: (peer: NodeId, boot: number) => void;
  readonly onUnreachable: (peer: NodeId) => void;
  /** The connection on which a peer sends to this node broke. */
  readonly onLost: (peer: NodeId) => void;
  readonly onBurst: () => void;
  readonly onFatal: (error: unknown) => void;
};

/** Versions of the peer protocol: those of a node, and the one that all nodes speak with it. */
export type WireReport = WireVersions & { readonly cluster: number };

/**
 * Messages between nodes over raw TCP: one connection per pair and direction. This node dials every
 * peer and only sends there; it receives on the connections that it accepts. So each direction can
 * be cut, or led through a proxy, by itself.
 */
export class TcpTransport {
  readonly #options: TransportOptions;
  readonly #listener: PeerListener;
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #traffic = new Map<NodeId, PeerTraffic>();
  #config: NodeConfigFile;
  #connected = false;

  /** Listens at once; throws when the port cannot be had. Dials nobody before `connect`. */
  constructor(options: TransportOptions) {
    this.#options = options;
    const { config, self } = options;
    this.#config = config;
    const { hosts, peerPort } = listenAddress(config, self);
    this.#listener = new PeerListener({
      ...options,
      clusterId: config.clusterId,
      authWithinMs: config.authWithinMs,
      peers: () => this.#mayConnect,
      trafficOf: (peer) => this.#trafficOf(peer),
      host: hosts.peerPort,
      port: peerPort,
      onPeer: (peer) => this.#links.get(peer)?.wake(),
    });
  }

  /** Starts to dial the peers, and to dial again for ever whom it loses. */
  connect(): void {
    this.#connected = true;
    for (const peer of this.peers) this.#dial(peer);
  }

  /** Other peers, or other addresses of peers, from now on. */
  reconfigure(config: NodeConfigFile): void {
    const { self } = this.#options;
    const before = this.#config;
    this.#config = config;
    const peers = this.peers;
    for (const peer of this.#traffic.keys()) if (!peers.includes(peer)) this.#traffic.delete(peer);
    for (const [peer, link] of this.#links) {
      const endpoint = (c: NodeConfigFile): string => JSON.stringify(peerEndpoint(c, self, peer));
      if (peers.includes(peer) && endpoint(before) === endpoint(config)) continue;
      link.stop();
      this.#links.delete(peer);
    }
    for (const peer of peers) if (this.#connected && !this.#links.has(peer)) this.#dial(peer);
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Peers to whom messages now get out. */
  get connectedPeers(): readonly NodeId[] {
    return [...this.#links].filter(([, link]) => link.isUp).map(([peer]) => peer);
  }

  /** What this node speaks, and what the cluster does as far as it has seen: the least of all nodes. */
  get wire(): WireReport {
    const { versions = WIRE_VERSIONS } = this.#options;
    const agreed = this.peers.map((peer) => this.versionWith(peer) ?? versions.lowest);
    return { ...versions, cluster: Math.min(versions.highest, ...agreed) };
  }

  /** As it was agreed on last; null: it never was. */
  versionWith(peer: NodeId): number | null {
    return this.#links.get(peer)?.version ?? null;
  }

  /** What went to each peer and came from it. */
  get traffic(): ReadonlyMap<NodeId, PeerTraffic> {
    for (const peer of this.peers) this.#trafficOf(peer);
    return this.#traffic;
  }

  /** Queues a message until `flush`; drops it when the peer is away or too slow. */
  send(group: GroupId, message: Message): void {
    this.#links.get(message.to)?.send(group, message);
  }

  /** Queues, until `flush`, the word that this node lives, in its process of that number. */
  tellAlive(peer: NodeId, boot: number): void {
    this.#links.get(peer)?.tellAlive(boot);
  }

  /** One write per peer that has something queued. */
  flush(): void {
    for (const link of this.#links.values()) link.flush();
  }

  stop(): void {
    for (const link of this.#links.values()) link.stop();
    this.#listener.stop();
  }

  #dial(peer: NodeId): void {
    const { self, random } = this.#options;
    const link = new PeerLink({
      ...this.#options,
      ...peerEndpoint(this.#config, self, peer),
      clusterId: this.#config.clusterId,
      peer,
      traffic: this.#trafficOf(peer),
      random: random.fork(`link ${peer}`),
    });
    this.#links.set(peer, link);
  }

  #trafficOf(peer: NodeId): PeerTraffic {
    let traffic = this.#traffic.get(peer);
    if (traffic === undefined) this.#traffic.set(peer, (traffic = new PeerTraffic()));
    return traffic;
  }

  /** Who may send here: also the first voters, whose addresses are perhaps not known yet. */
  get #mayConnect(): readonly NodeId[] {
    const voters = firstVoters(this.#config).map(asNode);
    return [...this.peers, ...voters.filter((id) => id !== this.#options.self)];
  }

  /** All other nodes, as they are known now. */
  get peers(): readonly NodeId[] {
    const { self } = this.#options;
    return this.#config.nodes.map((node) => asNode(node.id)).filter((id) => id !== self);
  }
}
