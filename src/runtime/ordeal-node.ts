import { asNode, type GroupId } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import type { SoftState } from "../raft/api.ts";
import type { Message } from "../raft/types.ts";
import type { GroupClientPort, Host, HostPorts } from "../replica/host.ts";
import type { Liveness } from "../replica/liveness.ts";
import type { DurableWrite, Reply } from "../replica/ports.ts";
import type { RecordSink } from "../replica/record.ts";
import type { WireVersions } from "../wire/versions.ts";
import type { FilePort } from "../storage/file-port.ts";
import type { AdminPort } from "./admin-port.ts";
import { clusterInfo } from "./cluster-info.ts";
import { type ListenAddress, listenAddress, type NodeConfigFile } from "./config.ts";
import { type Clock, machineClock } from "./clock.ts";
import { diskPort } from "./disk.ts";
import { GroupClient } from "./group-client.ts";
import { Groups, SNAPSHOT_EVERY_BYTES } from "./groups.ts";
import { HTTP_CLIENT, HttpClientPort } from "./http/http-client-port.ts";
import type { AppOptions } from "./http/app.ts";
import { appOptions } from "./http/node-app.ts";
import { namesOf } from "./http/guard.ts";
import { HttpServer } from "./http/server.ts";
import { listenAll } from "./listen.ts";
import { LogRoom } from "./log-room.ts";
import type { Log } from "./logging.ts";
import { Machines } from "./machines.ts";
import { NodeCounters } from "./metrics/node-counters.ts";
import { NodeAdmin } from "./node-admin.ts";
import { nodeLiveness } from "./node-liveness.ts";
import { nodeStatus, type NodeStatusReport } from "./node-status.ts";
import { type OpenStorage, openStorage } from "./open-storage.ts";
import type { NodeSecurity } from "../security/node-security.ts";
import { BinaryServer } from "./protocols/binary.ts";
import type { ClientLimits } from "./protocols/client-limits.ts";
import { Texts } from "./protocols/texts.ts";
import { secureNode } from "./secure.ts";
import { TcpTransport } from "./tcp-transport.ts";
import { logStarted } from "./started.ts";
import { TurnLoop } from "./turn-loop.ts";

/** Of the log of many groups more is not kept than so many times what one of them writes between two snapshots. */
const LOG_ROOM = 2;

export type OrdealNodeOptions = {
  readonly config: NodeConfigFile;
  readonly id: number;
  readonly log: Log;
  /** The node is new in a cluster that runs. */
  readonly isJoining?: boolean;
  /** Of the election timeouts and the back-offs. */
  readonly seed: number;
  /** What the data are kept on; default: the disk of this machine. */
  readonly disk?: FilePort | undefined;
  /** What it takes for the time; default: the clock of this machine. */
  readonly clock?: Clock | undefined;
  /** What clients may cost, other than usual. */
  readonly clientLimits?: Partial<ClientLimits> | undefined;
  /** Versions of the peer protocol; default: what this build speaks. Others are for tests of upgrades. */
  readonly versions?: WireVersions | undefined;
  /** Takes a recording of what the core of group 1 is given and gives out. */
  readonly record?: RecordSink | undefined;
  /** A bug of ours, or a disk that fails: the node has stopped acting, and the process must end. */
  readonly onFatal: (error: unknown) => void;
};

/**
 * One running node: its replicas, one of each group, on TCP and a disk. Everything happens in callbacks of the
 * event loop; they absorb inputs, and one pump at the end of each turn acts on them.
 */
export class OrdealNode implements HostPorts, GroupClientPort {
  readonly #options: OrdealNodeOptions;
  readonly #clock: Clock;
  /** Its nodes and links change as the cluster does. */
  #config: NodeConfigFile;
  readonly #machines: Machines;
  readonly #address: ListenAddress;
  /** Null: nothing is encrypted, and anybody may speak. */
  readonly #security: NodeSecurity | null;
  readonly #transport: TcpTransport;
  readonly #texts: Texts;
  readonly #binary: BinaryServer;
  readonly #http: HttpServer;
  readonly #httpRequests: HttpClientPort;
  readonly #opened: OpenStorage;
  readonly #groups: Groups;
  readonly #host: Host;
  /** What an operator asks. */
  readonly admin: AdminPort;
  readonly #loop: TurnLoop;
  /** What the node does for its groups by itself; null: nothing is sharded. */
  #groupClient: GroupClient | null = null;
  readonly #counters = new NodeCounters();
  /** Null: one group, or one that takes no snapshots. */
  readonly #logRoom: LogRoom | null;
  /** Null: one group, which never sleeps. */
  readonly #liveness: Liveness | null;
  #stopped = false;

  /**
   * Listens, then opens the storage: with a port in use the data is untouched. Nothing can arrive
   * before the constructor is through, for it does not wait. Throws UserError.
   */
  constructor(options: OrdealNodeOptions) {
    const { config, id, seed } = options;
    this.#options = options;
    this.#clock = options.clock ?? machineClock;
    this.#config = config;
    this.#address = listenAddress(config, id);
    this.#security = secureNode(config, id);
    this.#httpRequests = new HttpClientPort(this, this.#onBurst);
    this.#machines = new Machines(config.sharding, seed);
    this.#texts = new Texts({
      ...{ id, now: this.now, machines: this.#machines, requests: this.#httpRequests },
      ...{ groups: () => this.#groups, config: () => this.#config, status: () => this.status() },
      tokens: this.#security?.tokens ?? null,
      onFatal: this.#onFatal,
    });
    const random = new Prng(seed);
    const servers = listenAll(this.#address, {
      peerPort: () => this.#listenPeers(random.fork("transport")),
      clientPort: () => this.#listenClients(),
      httpPort: () => this.#listenHttp(),
    });
    this.#transport = servers.peers;
    this.#binary = servers.clients;
    this.#http = servers.http;
    try {
      this.#opened = openStorage(config, id, {
        disk: options.disk ?? diskPort(),
        now: this.now,
        onFatal: this.#onFatal,
        counters: this.#counters,
        together: (tell) => this.#host.together(tell),
        isJoining: options.isJoining === true,
        machineOf: (group) => this.#machines.of(group),
      });
    } catch (error) {
      void this.#closePorts();
      throw error;
    }
    this.#groups = this.#createGroups();
    this.#host = this.#groups.host;
    this.admin = this.#createAdmin();
    this.#logRoom = this.#createLogRoom();
    this.#liveness = nodeLiveness(config, this.#transport, this.#host, this.now());
    this.#loop = new TurnLoop({
      clock: this.#clock,
      deadline: () => this.#deadline(),
      onDeadline: () => this.#host.onDeadline(),
      pump: () => this.#turn(),
      onFatal: this.#onFatal,
    });
    logStarted(options.log, config, this.#opened, {
      ...this.#groups.first.status(),
      ...this.ports,
    });
    this.#transport.connect();
    this.#connectGroups();
    this.#loop.markDirty();
    // Hono takes some milliseconds to load: not now, and not within the first request.
    setImmediate(() => void this.#http.load());
  }

  get ports(): Pick<ListenAddress, "peerPort" | "clientPort" | "httpPort"> {
    const clientPort = this.#binary.port;
    return { peerPort: this.#transport.port, clientPort, httpPort: this.#http.port };
  }

  status(): NodeStatusReport {
    const { id, config } = this.#options;
    return nodeStatus({
      ...{ id, config, ports: this.ports },
      groups: this.#groups,
      transport: this.#transport,
    });
  }

  /** Answers what is committed, then closes everything. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#loop.stop();
    this.#groupClient?.stop();
    this.#httpRequests.stop();
    this.#texts.stop();
    await this.#closePorts();
    this.#opened.close();
    this.#options.log.info({ event: "stopped" }, "the node has stopped");
  }

  // HostPorts: what the replicas ask of their world.

  readonly now = (): number => this.#clock.now();
  readonly arrivedAt = (): number => this.#loop.arrivedAt;

  send(group: GroupId, message: Message): void {
    this.#transport.send(group, message);
  }

  persist(group: GroupId, write: DurableWrite, durable: (writeSeq: number) => void): void {
    this.#opened.storage.append(group, write, durable);
  }

  reply(group: GroupId, client: number, requestId: number, reply: Reply): void {
    this.#counters.repliesByStatus[reply.status]!++;
    if (client === HTTP_CLIENT) this.#httpRequests.reply(requestId, reply);
    else this.#binary.reply(group, client, requestId, reply);
  }

  /**
   * Messages and replies leave before the disk write begins, which may keep this turn for 100 µs:
   * replication overlaps it, and clients already prepare their next requests.
   */
  flush(): void {
    this.#transport.flush();
    this.#binary.flush();
    this.#opened.storage.commit();
  }

  hurry(isLeader: boolean): void {
    if (!isLeader) this.#opened.storage.commit();
    this.#transport.flush();
  }

  onSoftState(group: GroupId, soft: SoftState): void {
    // Perhaps from a pump outside the loop, by a disk write's callback: a new role has another
    // deadline, and the loop sets its timer only after a turn.
    this.#loop.markDirty();
    this.#groups.onSoftState(group, soft);
  }

  // GroupClientPort: what the protocols hand in. The host does not exist yet when they are made.

  request(
    group: number,
    client: number,
    requestId: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
  ): void {
    this.#host.request(group, client, requestId, bytes, view, at, end);
  }

  readonly #onBurst = (): void => this.#loop.markDirty();

  #deadline(): number {
    const agentAt = this.#groupClient?.deadline() ?? Infinity;
    const aliveAt = this.#liveness?.deadline() ?? Infinity;
    return Math.min(this.#host.deadline(), agentAt, aliveAt);
  }

  #turn(): void {
    this.#liveness?.tick(this.now());
    this.#host.pump();
    this.#groupClient?.turn();
    this.#logRoom?.turn();
  }

  readonly #onFatal = (error: unknown): void => {
    this.#loop.stop();
    this.#options.onFatal(error);
  };

  #listenPeers(random: Prng): TcpTransport {
    const { config, id, log } = this.#options;
    return new TcpTransport({
      config,
      self: asNode(id),
      random,
      security: this.#security,
      versions: this.#options.versions,
      log,
      onMessage: (group, message) => this.#host.input(group, { kind: "message", message }),
      onAlive: (peer, boot) => {
        if (this.#liveness?.heard(peer, boot, this.now()) === true) this.#loop.markDirty();
      },
      onUnreachable: (peer) => {
        this.#host.unreachable(peer);
        this.#loop.markDirty();
      },
      onLost: (peer) => {
        this.#host.lost(peer);
        this.#loop.markDirty();
      },
      onBurst: this.#onBurst,
      onFatal: this.#onFatal,
    });
  }

  #listenClients(): BinaryServer {
    const { hosts, clientPort } = this.#address;
    return new BinaryServer({
      host: hosts.clientPort,
      port: clientPort,
      requests: this,
      clusterInfo: () => clusterInfo(this.#options.id, this.#config),
      security: this.#security,
      authWithinMs: this.#config.authWithinMs,
      limits: this.#options.clientLimits,
      texts: this.#texts.create,
      ...{ log: this.#options.log, refusals: this.#counters.refusals },
      onBurst: this.#onBurst,
      onFatal: this.#onFatal,
    });
  }

  #listenHttp(): HttpServer {
    const { host, httpPort: port } = this.#address;
    // The app is made when everything it serves is.
    const security = this.#security;
    const guard = { security, hosts: () => namesOf(this.#address), log: this.#options.log };
    return new HttpServer({ host, port, guard, app: () => this.#appOptions() });
  }

  #appOptions(): AppOptions {
    return appOptions({
      admin: this.admin,
      request: (group, command) => this.#httpRequests.request(group, command),
      status: () => this.status(),
      config: () => this.#config,
      counters: this.#counters,
      transport: this.#transport,
      groups: this.#groups,
      opened: this.#opened,
      machines: this.#machines,
    });
  }

  #createAdmin(): NodeAdmin {
    return new NodeAdmin({
      id: this.#options.id,
      log: this.#options.log,
      connected: () => this.#transport.connectedPeers,
      groups: this.#groups,
      opened: this.#opened,
      config: () => this.#config,
      onConfig: (config) => this.#reconfigure(config),
      onBurst: this.#onBurst,
    });
  }

  #reconfigure(config: NodeConfigFile): void {
    this.#config = config;
    this.#transport.reconfigure(config);
    this.#liveness?.follow(this.#transport.peers, this.now());
    this.#connectGroups();
  }

  #createGroups(): Groups {
    const { config, id, log, seed, record } = this.#options;
    const { groups, mayVote } = this.#opened;
    const created = new Groups({
      ...{ config, id, log, seed, record, mayVote },
      machines: this.#machines,
      counters: this.#counters,
      ports: this,
      onFatal: this.#onFatal,
    });
    for (const group of groups) created.add(group);
    return created;
  }

  #createLogRoom(): LogRoom | null {
    const { sharding, raft } = this.#options.config;
    const everyBytes = raft?.snapshotEveryBytes ?? SNAPSHOT_EVERY_BYTES;
    if (sharding === undefined || everyBytes === 0) return null;
    return new LogRoom({
      storage: this.#opened.storage,
      bytesMax: LOG_ROOM * everyBytes,
      now: this.now,
      takeSnapshot: (group, done) => this.admin.takeSnapshot(group, done),
    });
  }

  /** Begins to act for the groups of shards, on the nodes as they are known now. */
  #connectGroups(): void {
    const { controller } = this.#machines;
    const { seed } = this.#options;
    this.#groupClient?.stop();
    if (controller === null) return;
    this.#groupClient = new GroupClient({
      shards: controller.config.shards.length,
      nodes: this.#config.nodes,
      prng: new Prng(seed).fork("group client"),
      now: this.now,
      controller,
      groups: () => this.#groups.ofShards,
      onBurst: this.#onBurst,
      onFatal: this.#onFatal,
    });
  }

  async #closePorts(): Promise<void> {
    this.#transport.stop();
    await Promise.all([this.#binary.stop(), this.#http.stop()]);
  }
}
