import { FSYNC_DEFAULT, unsafeFsync } from "../lib/fsync.ts";
import { asNode, GROUP_1, type NodeId, NO_NODE } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { createStateMachine } from "../kv/sessions.ts";
import type { StateMachine } from "../kv/state-machine.ts";
import { type Raft, RAFT_DEFAULTS, type SoftState } from "../raft/api.ts";
import { createRaft } from "../raft/raft.ts";
import type { Message } from "../raft/types.ts";
import type { AdminOutcome, ClientPort, DurableWrite, Ports, Reply } from "../replica/ports.ts";
import { type RecordSink, recordingRaft } from "../replica/record.ts";
import { coreRandom } from "../replica/recording.ts";
import { Replica } from "../replica/replica.ts";
import type { FilePort } from "../storage/file-port.ts";
import type { AdminPort } from "./admin-port.ts";
import {
  firstVoters,
  type NodeAddress,
  type NodeConfigFile,
  nodeAddress,
  withNodes,
} from "./config.ts";
import { type Clock, machineClock } from "./clock.ts";
import { diskPort } from "./disk.ts";
import { HTTP_CLIENT, HttpClientPort } from "./http/http-client-port.ts";
import { HttpServer } from "./http/server.ts";
import { listenAll } from "./listen.ts";
import type { Log } from "./logging.ts";
import type { NodeStatusReport } from "./node-status.ts";
import { type OpenStorage, openStorage } from "./open-storage.ts";
import { BinaryServer } from "./protocols/binary.ts";
import { TcpTransport } from "./tcp-transport.ts";
import { TurnLoop } from "./turn-loop.ts";

/** Of entries applied; a snapshot is then taken in the background. */
const SNAPSHOT_EVERY_BYTES = 64 << 20;

/** As many in a row end the node: what it keeps of the log must not grow for ever. */
const SNAPSHOT_FAILURES_MAX = 3;

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
  /** Takes a recording of what the core is given and gives out. */
  readonly record?: RecordSink | undefined;
  /** A bug of ours, or a disk that fails: the node has stopped acting, and the process must end. */
  readonly onFatal: (error: unknown) => void;
};

/**
 * One running node: a replica on TCP and a disk. Everything happens in callbacks of the event loop;
 * they absorb inputs, and one pump at the end of each turn acts on them.
 */
export class OrdealNode implements Ports, ClientPort, AdminPort {
  readonly #options: OrdealNodeOptions;
  readonly #clock: Clock;
  /** Its nodes and links change as the cluster does. */
  #config: NodeConfigFile;
  readonly #machine: StateMachine = createStateMachine();
  readonly #address: NodeAddress;
  readonly #transport: TcpTransport;
  readonly #binary: BinaryServer;
  readonly #http: HttpServer;
  readonly #httpRequests: HttpClientPort;
  readonly #opened: OpenStorage;
  readonly #replica: Replica;
  readonly #loop: TurnLoop;
  #soft: SoftState;
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
    this.#address = nodeAddress(config, id);
    this.#httpRequests = new HttpClientPort(this, this.#onBurst);
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
      this.#opened = openStorage(config, id, this.#machine, {
        disk: options.disk ?? diskPort(),
        now: this.now,
        onFatal: this.#onFatal,
        isJoining: options.isJoining === true,
      });
    } catch (error) {
      void this.#closePorts();
      throw error;
    }
    this.#replica = this.#createReplica();
    this.#soft = this.#replica.soft;
    this.#loop = new TurnLoop({
      clock: this.#clock,
      deadline: () => this.#replica.deadline(),
      onDeadline: () => this.#replica.input({ kind: "deadline" }),
      pump: () => this.#replica.pump(),
      onFatal: this.#onFatal,
    });
    this.#logStarted();
    this.#transport.connect();
    this.#loop.markDirty();
    // Hono takes some milliseconds to load: not now, and not within the first request.
    setImmediate(() => void this.#http.load());
  }

  get ports(): Pick<NodeAddress, "peerPort" | "clientPort" | "httpPort"> {
    const clientPort = this.#binary.port;
    return { peerPort: this.#transport.port, clientPort, httpPort: this.#http.port };
  }

  status(): NodeStatusReport {
    const { id, config } = this.#options;
    return {
      ...this.#replica.status(),
      id,
      pid: process.pid,
      clusterId: config.clusterId,
      storage: config.storage,
      ...fsyncOf(config),
      ...this.ports,
      reads: this.#replica.reads,
      rssBytes: process.memoryUsage.rss(),
    };
  }

  // AdminPort: what an operator asks.

  changeMembership(
    voters: readonly number[],
    learners: readonly number[],
    done: (outcome: AdminOutcome) => void,
  ): void {
    this.#replica.changeMembership(voters.map(asNode), learners.map(asNode), done);
    this.#loop.markDirty();
  }

  transfer(to: number, done: (outcome: AdminOutcome) => void): void {
    this.#replica.transferLeadership(asNode(to), done);
    this.#loop.markDirty();
  }

  takeSnapshot(done: (outcome: AdminOutcome) => void): void {
    this.#replica.takeSnapshot(done);
    this.#loop.markDirty();
  }

  setNodes(body: unknown): string | null {
    const changed = withNodes(this.#config, body);
    if (typeof changed === "string") return changed;
    this.#config = changed;
    this.#transport.reconfigure(changed);
    const nodes = changed.nodes.map((node) => node.id);
    this.#options.log.info({ event: "nodesChanged", nodes }, "knows where these nodes are");
    return null;
  }

  leaderId(): number {
    return this.#replica.status().leaderId;
  }

  /** Answers what is committed, then closes everything. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#loop.stop();
    this.#httpRequests.stop();
    await this.#closePorts();
    this.#opened.close();
    this.#options.log.info({ event: "stopped" }, "the node has stopped");
  }

  // Ports: what the replica asks of its world.

  readonly now = (): number => this.#clock.now();

  send(message: Message): void {
    this.#transport.send(message);
  }

  persist(write: DurableWrite, durable: (writeSeq: number) => void): void {
    this.#opened.storage.append(GROUP_1, write, durable);
  }

  reply(client: number, requestId: number, reply: Reply): void {
    if (client === HTTP_CLIENT) this.#httpRequests.reply(requestId, reply);
    else this.#binary.reply(client, requestId, reply);
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

  onSoftState(soft: SoftState): void {
    // Perhaps from a pump outside the loop, by a disk write's callback: a new role has another
    // deadline, and the loop sets its timer only after a turn.
    this.#loop.markDirty();
    const { log } = this.#options;
    const before = this.#soft;
    this.#soft = soft;
    const { role, term, leaderId } = soft;
    if (term !== before.term) log.info({ event: "termChanged", term }, "entered a term");
    if (before.role === "leader" && (role !== "leader" || term !== before.term)) {
      log.info({ event: "steppedDown", term }, "no longer the leader");
    }
    if (role === "leader" && (before.role !== "leader" || term !== before.term)) {
      log.info({ event: "becameLeader", term }, "became the leader");
    } else if (leaderId !== NO_NODE && leaderId !== before.leaderId) {
      log.info({ event: "leaderKnown", term, leaderId }, "follows a leader");
    }
  }

  // ClientPort: what the protocols hand in. The replica does not exist yet when they are made.

  request(
    client: number,
    requestId: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
  ): void {
    this.#replica.request(client, requestId, bytes, view, at, end);
  }

  readonly #onBurst = (): void => this.#loop.markDirty();

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
      log,
      onMessage: (message) => this.#replica.input({ kind: "message", message }),
      onUnreachable: (peer) => this.#onUnreachable(peer),
      onBurst: this.#onBurst,
      onFatal: this.#onFatal,
    });
  }

  #listenClients(): BinaryServer {
    const { host, clientPort } = this.#address;
    return new BinaryServer({
      host,
      port: clientPort,
      requests: this,
      log: this.#options.log,
      onBurst: this.#onBurst,
      onFatal: this.#onFatal,
    });
  }

  #listenHttp(): HttpServer {
    return new HttpServer({
      admin: this,
      host: this.#address.host,
      port: this.#address.httpPort,
      request: (command) => this.#httpRequests.request(command),
      status: () => this.status(),
      urlOf: (nodeId) => {
        const node = this.#config.nodes.find((n) => n.id === nodeId);
        return node && `http://${node.host}:${node.httpPort}`;
      },
    });
  }

  #createCore(): Raft {
    const { config, id, seed, record } = this.#options;
    const { raft } = config;
    const voters = firstVoters(config).map(asNode);
    const { restored, mayVote } = this.#opened;
    const settings = {
      ...RAFT_DEFAULTS,
      ...(raft?.electionTimeoutMinMs && { electionTimeoutMinMs: raft.electionTimeoutMinMs }),
      ...(raft?.heartbeatIntervalMs && { heartbeatIntervalMs: raft.heartbeatIntervalMs }),
      id: asNode(id),
      membership: { voters, votersOutgoing: [], learners: [] },
      restored,
      mayVote,
      // What stays of the log for slow followers is no more than what comes between two snapshots.
      trailingBytes: Math.min(
        RAFT_DEFAULTS.trailingBytes,
        raft?.snapshotEveryBytes ?? SNAPSHOT_EVERY_BYTES,
      ),
    };
    const now = this.now();
    const core = createRaft({ ...settings, random: coreRandom(seed) }, now);
    if (record === undefined) return core;
    const wallMs = performance.timeOrigin + performance.now();
    return recordingRaft(core, { config: settings, seed, now, wallMs }, record);
  }

  #createReplica(): Replica {
    const { config, log } = this.#options;
    const { raft } = config;
    const { snapshots } = this.#opened;
    return new Replica(this.#createCore(), this.#machine, this, {
      snapshots,
      snapshotEveryBytes: raft?.snapshotEveryBytes ?? SNAPSHOT_EVERY_BYTES,
      onSnapshot: ({ kind, lastIndex, totalBytes }) => {
        const event = kind === "taken" ? "snapshotTaken" : "snapshotInstalled";
        const { term } = this.#soft;
        log.info({ event, term, lastIndex, totalBytes }, "the log begins after a new snapshot");
        // Tens of MiB of log are garbage now, of which the collector sees a few hundred small objects.
        Bun.gc(false);
      },
      onSnapshotFailed: (error, inARow) => {
        const { message: reason } = error;
        log.error({ event: "snapshotFailed", reason, inARow }, "a snapshot could not be written");
        if (inARow >= SNAPSHOT_FAILURES_MAX) this.#onFatal(error);
      },
      leaseReads: raft?.leaseReads ?? false,
    });
  }

  #onUnreachable(peer: NodeId): void {
    this.#replica.input({ kind: "peerUnreachable", peer });
    this.#loop.markDirty();
  }

  #logStarted(): void {
    const { log, config } = this.#options;
    const { term, lastIndex } = this.#replica.status();
    const { storage, clusterId } = config;
    const { report } = this.#opened;
    const { fsync, unsafe } = fsyncOf(config);
    const fields = { event: "started", term, lastIndex, storage, fsync, clusterId, ...this.ports };
    log.info({ ...fields, ...(report && { recovered: report }) }, "the node listens");
    if (unsafe !== null) log.warn({ event: "unsafe", fsync }, unsafe);
    if (report !== null && report.tornBytes > 0) {
      const { tornBytes: bytes, tornAt: at } = report;
      const text = `cut ${bytes} bytes of a torn last record, which was never acknowledged`;
      log.warn({ event: "tornTailCut", bytes, at }, text);
    }
    for (const reason of report?.damagedSnapshots ?? []) {
      log.error(
        { event: "snapshotDamaged", reason },
        "a snapshot is damaged, an older one was used",
      );
    }
    if (!this.#opened.mayVote) {
      log.error({ event: "dataLost" }, "the node's data are gone: it takes no part; replace it");
    }
  }

  async #closePorts(): Promise<void> {
    this.#transport.stop();
    this.#binary.stop();
    await this.#http.stop();
  }
}

function fsyncOf(config: NodeConfigFile): Pick<NodeStatusReport, "fsync" | "unsafe"> {
  const fsync = config.storage === "memory" ? null : (config.fsync ?? FSYNC_DEFAULT);
  return { fsync, unsafe: unsafeFsync(fsync) };
}
