import { broken } from "../lib/assert.ts";
import { asNode, type NodeId } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { SessionedStore } from "../kv/sessions.ts";
import type { Result } from "../kv/state-machine.ts";
import type { RaftConfig, RaftInput, RaftStatus } from "../raft/api.ts";
import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { type ClockState, SkewedClock } from "../lib/skewed-clock.ts";
import { createRaft } from "../raft/raft.ts";
import type { Membership, Message } from "../raft/types.ts";
import type { Ports, Reply } from "../replica/ports.ts";
import { Replica } from "../replica/replica.ts";
import { GATHER_BYTES, type SimConfig, type SimObserver } from "./api.ts";
import type { Boundary } from "./boundary.ts";
import { hashBytes } from "./hash-bytes.ts";
import type { Monitor } from "./monitor.ts";
import { tellTurn } from "./node-events.ts";
import { emptyMachine, type OpenedNode, openNode } from "./node-start.ts";
import { NodeStorage } from "./node-storage.ts";
import { ProcessLife } from "./process-life.ts";
import { EVENT, type World } from "./world.ts";

export type NodeWorld = {
  readonly world: World;
  readonly monitor: Monitor;
  readonly config: SimConfig;
  /** What a node that holds nothing believes. */
  readonly membership: Membership;
  readonly prng: Prng;
  send(message: Message): void;
  reply(node: number, client: number, requestId: number, reply: Reply): void;
  /** Its disk failed it: the process ends, and the node calls `kill`. */
  onStopped(node: number): void;
  readonly observe: SimObserver | null;
  /** Hears of each boundary; may take the power of the node, which then is where it was told. */
  readonly onBoundary?: ((boundary: Boundary) => void) | null;
  /** Hears each command as a node applies it; the bytes are valid during the call only. */
  readonly onApply?: (node: number, index: number, command: Uint8Array, result: Result) => void;
};

/**
 * One node: the same Replica as in a real process, on a simulated clock, network and disk. It starts,
 * crashes, pauses and comes back with what its disk holds.
 */
export class SimNode {
  readonly id: number;
  readonly clock: SkewedClock;
  readonly disk: NodeStorage;
  /** Snapshots of leaders that it installed. */
  installs = 0;
  /** Reads that it served by lease before it started last. */
  #readsByLease = 0;
  readonly #in: NodeWorld;
  readonly #runtime: ProcessLife;
  #replica: Replica | null = null;
  #machine: SessionedStore = emptyMachine();
  #starts = 0;
  #turnPending = false;
  #status: RaftStatus | null = null;
  /** It has sent, written or answered since the monitor was told where it stands. */
  #hasActed = false;

  constructor(id: number, clock: ClockState, nodeWorld: NodeWorld) {
    this.id = id;
    this.#in = nodeWorld;
    this.clock = new SkewedClock(clock);
    const { world, config, prng } = nodeWorld;
    this.#runtime = new ProcessLife({
      ...{ id, world, clock: this.clock },
      isUp: () => this.isUp,
      deadline: () => this.#replica!.deadline(),
      onDeadline: () => this.input({ kind: "deadline" }),
      onStopped: () => nodeWorld.onStopped(id),
    });
    this.disk = new NodeStorage({
      ...{ world, node: id, prng: prng.fork(`disk ${id}`), speed: config.disk },
      ...{ segments: config.segments, syncNowBytesMax: config.syncNowBytesMax },
      run: (work) => this.#do(work, true),
      // As process.exit does, it comes back to none of its callers.
      onFatal: () => this.#runtime.stop(),
      onSnapshot: (meta, installed) => {
        if (installed) this.installs++;
        const { lastIndex: index } = meta;
        if (installed) nodeWorld.observe?.(world.now, { kind: "installed", node: id, index });
        nodeWorld.monitor.onSnapshot(id, meta, installed);
      },
      onPoint: (effect, what) => this.#boundary(effect, "before", what),
    });
  }

  get isUp(): boolean {
    return this.#replica !== null;
  }

  get isPaused(): boolean {
    return this.#runtime.isPaused;
  }

  /** As of the last turn; null while it is down. */
  get status(): RaftStatus | null {
    return this.#status;
  }

  /** Reads that it has served by lease. */
  get readsByLease(): number {
    return this.#readsByLease + (this.#replica?.reads.byLease ?? 0);
  }

  get unanswered(): number {
    return this.#replica?.unanswered ?? 0;
  }

  /** Equal on nodes that applied the same. */
  digest(): string {
    return this.#machine.digest();
  }

  /**
   * A process starts on what the disk holds. False: it did not come up, since the disk fails, or is
   * damaged where bits were flipped. A sound one must open (RESTART).
   */
  start(): boolean {
    if (this.isUp) broken(`node ${this.id} is up`);
    const { config, membership, monitor, prng, world } = this.#in;
    const start = ++this.#starts;
    const opened = this.#open();
    if (opened === null) return false;
    const { snapshots, restored, machine, tornBytes } = opened;
    this.#machine = machine;
    const raftConfig: RaftConfig = {
      ...config,
      id: asNode(this.id),
      membership,
      restored,
      mayVote: !this.disk.wiped,
      gatherBytes: GATHER_BYTES,
      quiesce: false,
      random: prng.fork(`node ${this.id} start ${start}`),
    };
    monitor.onStart(this.id, restored);
    const raft = createRaft(raftConfig, this.clock.local(world.now));
    const { snapshotEveryBytes, leaseReads } = config;
    const options = { snapshots, snapshotEveryBytes, leaseReads };
    this.#replica = new Replica(raft, this.#watched(machine), this.#ports(), options);
    this.#in.observe?.(world.now, { kind: "restart", node: this.id, tornBytes });
    this.#runtime.whileUp(() => this.#turn());
    return this.isUp;
  }

  /** SIGKILL: what was written is in the page cache still. */
  kill(): void {
    this.disk.kill();
    this.#crashed();
  }

  /** `draw`: as NodeStorage.losePower. */
  losePower(keeps: PowerLossKeeps, draw = 0): void {
    this.disk.losePower(keeps, draw);
    this.#crashed();
  }

  #crashed(): void {
    const replica = this.#replica;
    if (replica === null) return;
    // It may end within a turn, and have said already what it did in it.
    if (this.#hasActed) this.#in.monitor.onTurn(this.id, replica.status());
    this.#hasActed = false;
    this.#readsByLease = this.readsByLease;
    this.#replica = null;
    this.#status = null;
    this.#runtime.crashed();
    this.#turnPending = false;
    this.#in.monitor.onCrash(this.id);
    this.#in.observe?.(this.#in.world.now, { kind: "crash", node: this.id });
  }

  #open(): OpenedNode | null {
    const opened = this.#runtime.starting(() => openNode(this.id, this.disk));
    if ("refusal" in opened) {
      const { refusal: reason } = opened;
      this.#in.observe?.(this.#in.world.now, { kind: "refused", node: this.id, reason });
      return null;
    }
    return opened;
  }

  #boundary(effect: Boundary["effect"], side: Boundary["side"], what: string): void {
    const { onBoundary } = this.#in;
    if (onBoundary === undefined || onBoundary === null) return;
    onBoundary({ node: this.id, isStarting: this.#runtime.isStarting, effect, side, what });
    this.#runtime.checkUp();
  }

  #act(): void {
    this.#runtime.checkUp();
    this.#hasActed = true;
  }

  pause(): void {
    this.#runtime.pause();
  }

  resume(): void {
    this.#runtime.resume();
  }

  /** Its clock was changed. */
  clockChanged(): void {
    this.#runtime.clockChanged();
  }

  input(input: RaftInput): void {
    const replica = this.#replica;
    if (replica !== null) this.#do(() => replica.input(input));
  }

  /** A client's command, as Replica.request. */
  request(client: number, requestId: number, bytes: Uint8Array, at: number, end: number): void {
    const replica = this.#replica;
    if (replica === null) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#do(() => replica.request(client, requestId, bytes, view, at, end));
  }

  /** Does now what it does by itself after snapshotEveryBytes. */
  takeSnapshot(): void {
    this.#ask((replica) => replica.takeSnapshot(() => {}));
  }

  changeMembership(voters: readonly NodeId[], learners: readonly NodeId[]): void {
    this.#ask((replica) => replica.changeMembership(voters, learners, () => {}));
  }

  transferLeadership(to: NodeId): void {
    this.#ask((replica) => replica.transferLeadership(to, () => {}));
  }

  /** Loses all that it has stored. */
  wipe(): void {
    this.disk.wipe();
    this.#in.monitor.onWipe(this.id);
  }

  #ask(what: (replica: Replica) => void): void {
    const replica = this.#replica;
    if (replica !== null) this.#do(() => what(replica), true);
  }

  /** Does `work`, and then what it calls for: at once, or with what else arrives within a turn. */
  #do(work: () => void, pumpsItself = false): void {
    if (this.#runtime.isPaused) return this.#runtime.defer(() => this.#do(work, pumpsItself));
    this.#runtime.whileUp(() => this.#work(work, pumpsItself));
  }

  #work(work: () => void, pumpsItself: boolean): void {
    work();
    this.#runtime.checkUp();
    const { world, config } = this.#in;
    if (config.turnMs === 0 || pumpsItself) return this.#turn();
    // What a leader commits, it commits as a leader, even if it is deposed within this turn.
    const replica = this.#replica!;
    const status = replica.status();
    if (status.role === "leader") this.#ended(replica);
    if (this.#turnPending) return;
    this.#turnPending = true;
    const start = this.#starts;
    world.at(world.now + config.turnMs, EVENT.turn, this.id, () => {
      if (start === this.#starts && this.#turnPending) this.#runtime.whileUp(() => this.#turn());
    });
  }

  #turn(): void {
    const replica = this.#replica!;
    this.#turnPending = false;
    replica.pump();
    this.#runtime.checkUp();
    this.#ended(replica);
  }

  #ended(replica: Replica): void {
    const before = this.#status;
    const status = replica.status();
    this.#status = status;
    this.#hasActed = false;
    this.#in.monitor.onTurn(this.id, status);
    const { observe, world } = this.#in;
    if (observe !== null) tellTurn(observe, world.now, this.id, before, status);
    this.#runtime.arm();
  }

  #ports(): Ports {
    const { world, monitor, send, reply, observe } = this.#in;
    const { id } = this;
    return {
      now: () => this.clock.local(world.now),
      send: (message) => {
        this.#act();
        this.#boundary("frame", "before", message.kind);
        monitor.onSend(message);
        send(message);
        this.#boundary("frame", "after", message.kind);
      },
      persist: (write, durable) => {
        this.#act();
        monitor.onWrite(id, write);
        this.disk.persist(write, (writeSeq) => {
          monitor.onDurable(id);
          observe?.(world.now, { kind: "durable", node: id, lastIndex: monitor.durableIndex(id) });
          durable(writeSeq);
        });
      },
      reply: (client, requestId, r) => {
        this.#act();
        this.#boundary("answer", "before", String(r.status));
        reply(id, client, requestId, r);
        this.#boundary("answer", "after", String(r.status));
      },
      onSoftState: () => {},
      flush: () => this.disk.commit(),
      hurry: (isLeader) => {
        if (!isLeader) this.disk.commit();
      },
    };
  }

  /** The machine as the Replica uses it, with the monitor looking on. */
  #watched(machine: SessionedStore): SessionedStore {
    const { monitor } = this.#in;
    const apply = machine.apply.bind(machine);
    machine.apply = (bytes, view, at, end, index) => {
      apply(bytes, view, at, end, index);
      const { status, version } = machine.result;
      monitor.onApply(this.id, index, hashBytes(bytes, at, end), status, version);
      this.#in.onApply?.(this.id, index, bytes.subarray(at, end), machine.result);
    };
    return machine;
  }
}
