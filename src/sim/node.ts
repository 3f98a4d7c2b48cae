import { assert } from "../lib/assert.ts";
import { asIndex, asNode, type NodeId } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import { createStateMachine, type SessionedStore } from "../kv/sessions.ts";
import type { Result } from "../kv/state-machine.ts";
import type { RaftConfig, RaftInput, RaftStatus } from "../raft/api.ts";
import { createRaft } from "../raft/raft.ts";
import type { Membership, Message } from "../raft/types.ts";
import type { Ports, Reply } from "../replica/ports.ts";
import { Replica } from "../replica/replica.ts";
import type { ClockState, SimConfig, SimObserver } from "./api.ts";
import { SimClock } from "./clock.ts";
import { SimDisk } from "./disk.ts";
import { hashBytes } from "./hash-bytes.ts";
import type { Monitor } from "./monitor.ts";
import { SnapshotDisk } from "./snapshot-disk.ts";
import { EVENT, type World } from "./world.ts";

/** Few, so that schedules reach the eviction of sessions. */
const SESSIONS_MAX = 64;

export type NodeWorld = {
  readonly world: World;
  readonly monitor: Monitor;
  readonly config: SimConfig;
  /** What a node that holds nothing believes. */
  readonly membership: Membership;
  readonly prng: Prng;
  send(message: Message): void;
  reply(node: number, client: number, requestId: number, reply: Reply): void;
  onStopped(node: number): void;
  readonly observe: SimObserver | null;
  /** Hears each command as a node applies it; the bytes are valid during the call only. */
  readonly onApply?: (node: number, index: number, command: Uint8Array, result: Result) => void;
};

/**
 * One node: the same Replica as in a real process, on a simulated clock, network and disk. It starts,
 * crashes, pauses and comes back with what its disk holds.
 */
export class SimNode {
  readonly id: number;
  readonly clock: SimClock;
  readonly disk: SimDisk;
  /** Snapshots of leaders that it installed. */
  installs = 0;
  readonly #snapshots: SnapshotDisk;
  readonly #in: NodeWorld;
  #replica: Replica | null = null;
  #machine: SessionedStore = createStateMachine(SESSIONS_MAX);
  #starts = 0;
  #paused = false;
  /** What arrived during a pause. */
  #inbox: (() => void)[] = [];
  #turnPending = false;
  #timerAt = Infinity;
  #status: RaftStatus | null = null;

  constructor(id: number, clock: ClockState, nodeWorld: NodeWorld) {
    this.id = id;
    this.#in = nodeWorld;
    this.clock = new SimClock(clock);
    const { world, config, prng } = nodeWorld;
    const disk = prng.fork(`disk ${id}`);
    this.disk = new SimDisk(world, id, config.disk, disk, () => nodeWorld.onStopped(id));
    this.#snapshots = new SnapshotDisk(id, {
      // The replica does what it calls for within the call.
      later: (work) => this.disk.later(() => this.#do(work, true)),
      onDurable: (meta, installed) => {
        if (installed) this.installs++;
        nodeWorld.monitor.onSnapshot(id, meta, installed);
      },
    });
  }

  get isUp(): boolean {
    return this.#replica !== null;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** As of the last turn; null while it is down. */
  get status(): RaftStatus | null {
    return this.#status;
  }

  get unanswered(): number {
    return this.#replica?.unanswered ?? 0;
  }

  /** Equal on nodes that applied the same. */
  digest(): string {
    return this.#machine.digest();
  }

  start(): void {
    assert(!this.isUp, `node ${this.id} is up`);
    const { config, membership, monitor, prng, world } = this.#in;
    const start = ++this.#starts;
    const snapshot = this.#snapshots.newest;
    const raftConfig: RaftConfig = {
      ...config,
      id: asNode(this.id),
      membership,
      restored: this.disk.restored(snapshot),
      mayVote: !this.disk.wiped,
      random: prng.fork(`node ${this.id} start ${start}`),
    };
    this.#machine = this.#restoredMachine();
    monitor.onStart(this.id, snapshot);
    const raft = createRaft(raftConfig, this.clock.local(world.now));
    const { snapshotEveryBytes, leaseReads } = config;
    const options = { snapshots: this.#snapshots.storage(), snapshotEveryBytes, leaseReads };
    this.#replica = new Replica(raft, this.#watched(this.#machine), this.#ports(start), options);
    this.#in.observe?.(world.now, { kind: "restart", node: this.id });
    this.#turn();
  }

  /** Power loss, or a failed sync. `keep`: as SimDisk.crash. */
  crash(keep: number): void {
    this.#replica = null;
    this.#status = null;
    this.#paused = false;
    this.#inbox = [];
    this.#turnPending = false;
    this.#timerAt = Infinity;
    this.#in.monitor.onCrash(this.id, this.disk.crash(keep));
    this.#in.observe?.(this.#in.world.now, { kind: "crash", node: this.id });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const work of inbox) work();
    this.#arm();
  }

  /** Its clock was changed: what it waits for comes at another time. */
  clockChanged(): void {
    this.#timerAt = Infinity;
    this.#arm();
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
    this.#snapshots.wipe();
    this.#in.monitor.onWipe(this.id);
  }

  #ask(what: (replica: Replica) => void): void {
    const replica = this.#replica;
    if (replica !== null) this.#do(() => what(replica), true);
  }

  /** Does `work`, and then what it calls for: at once, or with what else arrives within a turn. */
  #do(work: () => void, pumpsItself = false): void {
    if (this.#paused) {
      this.#inbox.push(() => this.#do(work, pumpsItself));
      return;
    }
    work();
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
      if (start === this.#starts && this.#turnPending) this.#turn();
    });
  }

  #turn(): void {
    const replica = this.#replica!;
    this.#turnPending = false;
    replica.pump();
    this.#ended(replica);
  }

  #ended(replica: Replica): void {
    const before = this.#status;
    const status = replica.status();
    this.#status = status;
    this.#in.monitor.onTurn(this.id, status);
    if (this.#in.observe !== null) this.#tell(this.#in.observe, before, status);
    this.#arm();
  }

  #arm(): void {
    const replica = this.#replica;
    if (replica === null || this.#paused) return;
    const at = this.clock.whenLocal(replica.deadline());
    if (at >= this.#timerAt) return;
    this.#timerAt = at;
    const { world } = this.#in;
    world.at(at, EVENT.timer, this.id, () => {
      if (replica !== this.#replica || at !== this.#timerAt) return;
      this.#timerAt = Infinity;
      if (this.#paused) return;
      if (this.clock.local(world.now) < replica.deadline()) return this.#arm();
      this.#do(() => replica.input({ kind: "deadline" }));
    });
  }

  #ports(start: number): Ports {
    const { world, monitor, send, reply, observe } = this.#in;
    const { id } = this;
    return {
      now: () => this.clock.local(world.now),
      send: (message) => {
        monitor.onSend(message);
        send(message);
      },
      persist: (write, durable) => {
        monitor.onWrite(id, write);
        this.disk.write(write, () => {
          monitor.onDurable(id);
          observe?.(world.now, { kind: "durable", node: id, lastIndex: monitor.durableIndex(id) });
          if (start === this.#starts && this.isUp) {
            // The replica sends and answers within the call.
            this.#do(() => durable(write.writeSeq), true);
          }
        });
      },
      reply: (client, requestId, r) => reply(id, client, requestId, r),
      onSoftState: () => {},
      flush: () => {},
    };
  }

  #restoredMachine(): SessionedStore {
    const machine = createStateMachine(SESSIONS_MAX);
    if (this.#snapshots.newest === null) return machine;
    const restore = machine.beginRestore();
    this.#snapshots.load((bytes) => restore.write(bytes));
    restore.finish();
    return machine;
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

  #tell(observe: SimObserver, before: RaftStatus | null, after: RaftStatus): void {
    const { now } = this.#in.world;
    const { role, term, commitIndex, appliedIndex } = after;
    if (before?.role !== role || before.term !== term) {
      observe(now, { kind: "role", node: this.id, role, term });
    }
    if (commitIndex > (before?.commitIndex ?? asIndex(0))) {
      observe(now, { kind: "commit", node: this.id, index: commitIndex });
    }
    if (appliedIndex > (before?.appliedIndex ?? asIndex(0))) {
      observe(now, { kind: "apply", node: this.id, index: appliedIndex });
    }
  }
}
