import { broken } from "../lib/assert.ts";
import { asIndex, type NodeId } from "../lib/ids.ts";
import { commandFlags, commandOp, FLAG_LOCAL, isOfClients } from "../kv/command.ts";
import type { StateMachine } from "../kv/state-machine.ts";
import type {
  Millis,
  Raft,
  RaftInput,
  RaftStatus,
  Ready,
  Refusal,
  SoftState,
} from "../raft/api.ts";
import { ENTRY_HEADER_BYTES } from "../raft/batch.ts";
import { ENTRY_COMMAND, type EntryBatch, type Message } from "../raft/types.ts";
import type { SnapshotStorage } from "../storage/snapshot-storage.ts";
import { STATUS } from "../wire/errors.ts";
import { AdminRequests } from "./admin.ts";
import { Admission, noRefusals, type RefusalCounts } from "./admission.ts";
import { Answers } from "./answers.ts";
import { ConfirmedReads } from "./confirmed-reads.ts";
import {
  BatchBuilder,
  FIRST_READ_TAG,
  ReadBatch,
  type ReadCounts,
  type Waiting,
} from "./pending.ts";
import { PREFETCH_COMMANDS, prefetch } from "./prefetch.ts";
import type { AdminOutcome, ClientPort, Ports, ReplicaOptions } from "./ports.ts";
import { refusalStatus } from "./refusal-status.ts";
import { Snapshots } from "./snapshots.ts";

const OPTIONS: ReplicaOptions = { snapshots: null, snapshotEveryBytes: 0, leaseReads: false };

type Held = { readonly until: number; readonly messages: readonly Message[] };

/**
 * Drives one Raft core and its state machine: over TCP and in the simulator this same code runs,
 * on different ports.
 *
 * Inputs and requests are absorbed at once; `pump` then does what they call for. Call it once per
 * event-loop turn: that is what makes of many requests one log batch, one disk write and one
 * socket write a peer (docs/architecture.md, "Life of a put").
 */
export class Replica implements ClientPort {
  readonly #raft: Raft;
  readonly #machine: StateMachine;
  readonly #ports: Ports;
  readonly #options: ReplicaOptions;
  /** Null: the replica was given nowhere to keep them. */
  readonly #snapshots: Snapshots | null;
  readonly #admin = new AdminRequests();
  readonly #held: Held[] = [];
  #durableSeq = 0;
  #pumping = false;
  #pumpAgain = false;

  /** Reads served since the start. */
  readonly reads: ReadCounts = { byLease: 0, byRound: 0, local: 0 };
  readonly #builder = new BatchBuilder();
  /** Handed to the core, not yet accepted or refused. */
  readonly #offered = new Map<number, Waiting>();
  /** In the log of this leadership, by index; answered when applied. */
  readonly #waiting: Waiting[] = [];
  #reads: ReadBatch;
  readonly #readsOffered = new Map<number, ReadBatch>();
  readonly #readsConfirmed: ConfirmedReads;
  readonly #answers: Answers;
  readonly #admission: Admission;
  readonly #refusals: RefusalCounts;
  #appliedIndex = 0;
  /** Of the last input: the time, for what may be some microseconds late. */
  #inputAt: Millis = 0;
  #soft: SoftState;

  /** The machine must hold the state of the snapshot that `raft` was restored with, if any. */
  constructor(raft: Raft, machine: StateMachine, ports: Ports, options: ReplicaOptions = OPTIONS) {
    this.#raft = raft;
    this.#machine = machine;
    this.#ports = ports;
    this.#options = options;
    this.#reads = new ReadBatch(FIRST_READ_TAG);
    this.#answers = new Answers(ports);
    this.#readsConfirmed = new ConfirmedReads(
      machine,
      () => ports.now(),
      this.reads,
      (client, requestId, bytes, view, at, end) =>
        this.#serveRead(client, requestId, bytes, view, at, end, this.#appliedIndex),
    );
    this.#admission = new Admission(options.admission);
    this.#refusals = options.refusals ?? noRefusals();
    const status = raft.status();
    this.#soft = status;
    this.#appliedIndex = status.appliedIndex;
    this.#snapshots = options.snapshots === null ? null : this.#createSnapshots(options.snapshots);
  }

  /** Role, term and leader as of the last pump. */
  get soft(): SoftState {
    return this.#soft;
  }

  /** Client requests taken and not yet answered. */
  get unanswered(): number {
    return this.#answers.waiting;
  }

  status(): RaftStatus {
    return this.#raft.status();
  }

  /** When `input({ kind: "deadline" })`, and a pump, are next due, in the milliseconds of `Ports.now`. */
  deadline(): number {
    return Math.min(this.#raft.deadline(), this.#readsConfirmed.resumeAt);
  }

  /** Moves to these voters and learners, as raft/api.ts says; `done` may be called within the call. */
  changeMembership(
    voters: readonly NodeId[],
    learners: readonly NodeId[],
    done: (outcome: AdminOutcome) => void,
  ): void {
    this.#administer(this.#admin.changeMembership(voters, learners, done));
  }

  transferLeadership(to: NodeId, done: (outcome: AdminOutcome) => void): void {
    this.#administer(this.#admin.transferLeadership(to, done));
  }

  /** Takes a snapshot now, in the background. */
  takeSnapshot(done: (outcome: AdminOutcome) => void): void {
    if (this.#snapshots !== null) return this.#snapshots.take(done);
    done({ outcome: "refused", reason: "this replica keeps no snapshots" });
  }

  /** Absorbs one input of the core. Call pump() once after a burst. */
  input(input: RaftInput): void {
    this.#inputAt = this.#ports.now();
    this.#raft.step(input, this.#inputAt);
  }

  /** Takes one client request (ClientPort). Call pump() once after a burst. */
  request(
    client: number,
    requestId: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
  ): void {
    if (this.#machine.problem(bytes, view, at, end) !== null) {
      return this.#answers.status(client, requestId, STATUS.invalid.code);
    }
    const isRead = this.#machine.isRead(view, at);
    if (isRead && (commandFlags(view, at) & FLAG_LOCAL) !== 0) {
      this.reads.local++;
      this.#answers.waiting++;
      return this.#serveRead(client, requestId, bytes, view, at, end, this.#appliedIndex);
    }
    if (this.#soft.role !== "leader") {
      return this.#answers.status(client, requestId, STATUS.notLeader.code, this.#soft.leaderId);
    }
    // What the cluster asks of itself is never refused: shards must be able to leave an overloaded group.
    if (this.#answers.waiting >= this.#admission.limit && isOfClients(commandOp(view, at))) {
      this.#refusals[this.#admission.isLate ? "queueTime" : "queueLength"]++;
      return this.#answers.status(client, requestId, STATUS.overloaded.code);
    }
    this.#answers.waiting++;
    (isRead ? this.#reads : this.#builder).add(client, requestId, bytes, at, end);
  }

  /** Does what the inputs so far call for. Re-entry is harmless: the outer call carries on. */
  pump(): void {
    this.#pumpAgain = true;
    if (this.#pumping) return;
    this.#pumping = true;
    if (this.#readsConfirmed.resumeAt < Infinity) this.#readsConfirmed.serve(this.#appliedIndex);
    while (this.#pumpAgain) {
      this.#pumpAgain = false;
      this.#offer();
      for (let ready = this.#raft.takeReady(); ready !== null; ready = this.#raft.takeReady()) {
        this.#handle(ready);
      }
      // May make a write durable within the call, and so call pump again.
      this.#ports.flush();
    }
    this.#admit();
    this.#pumping = false;
  }

  /** Settles how many requests may wait until the next turn is over. */
  #admit(): void {
    const { waiting, served } = this.#answers;
    const oldestAt = Math.min(
      this.#waiting[0]?.arrivedAt ?? Infinity,
      this.#readsConfirmed.oldestAt,
      firstOf(this.#readsOffered)?.arrivedAt ?? Infinity,
    );
    this.#admission.update(this.#inputAt, served, waiting, oldestAt);
  }

  /** Hands the turn's commands and reads to the core. */
  #offer(): void {
    if (this.#builder.isEmpty && this.#reads.clients.length === 0) return;
    const arrivedAt = this.#ports.arrivedAt?.() ?? this.#ports.now();
    if (!this.#builder.isEmpty) {
      for (const batch of this.#builder.take(arrivedAt)) {
        const { tag, bytes } = batch;
        this.#offered.set(tag, batch);
        this.input({ kind: "propose", tag, count: batch.clients.length, bytes });
      }
    }
    if (this.#reads.clients.length > 0) {
      const reads = this.#reads;
      reads.arrivedAt = arrivedAt;
      this.#reads = reads.next();
      this.#readsOffered.set(reads.tag, reads);
      this.input({ kind: "readIndex", tag: reads.tag, lease: this.#options.leaseReads });
    }
  }

  #handle(ready: Ready): void {
    const ports = this.#ports;
    for (const message of ready.messages) ports.send(message);
    if (ready.messagesAfterPersist.length > 0) {
      this.#held.push({ until: ready.heldUntil, messages: ready.messagesAfterPersist });
    }
    if (ready.writeSeq > 0) ports.persist(ready, this.#onDurable);
    this.#releaseHeld();
    if (ready.committed.length > 0) ports.hurry?.(this.#soft.role === "leader");
    for (const { tag, firstIndex, term } of ready.proposed) this.#accepted(tag, firstIndex, term);
    this.#applyAll(ready.committed);
    // What was committed comes before a snapshot that this Ready completes.
    this.#snapshots?.write(ready.snapshotWrites);
    this.#snapshots?.read(ready.snapshotReads);
    this.#admin.settle(ready.outcomes);
    for (const { tag, index, byLease } of ready.reads) this.#confirmed(tag, index, byLease);
    this.#readsConfirmed.serve(this.#appliedIndex);
    for (const { tag, leaderId, reason } of ready.refused) this.#refused(tag, leaderId, reason);
    if (ready.softState !== null) this.#onSoftState(ready.softState);
  }

  readonly #onDurable = (writeSeq: number): void => {
    if (writeSeq !== this.#durableSeq + 1) broken(`write ${writeSeq} after ${this.#durableSeq}`);
    this.#durableSeq = writeSeq;
    this.#releaseHeld();
    this.input({ kind: "persisted", writeSeq });
    this.pump();
  };

  #releaseHeld(): void {
    while (this.#held.length > 0 && this.#held[0]!.until <= this.#durableSeq) {
      for (const message of this.#held.shift()!.messages) this.#ports.send(message);
    }
  }

  #accepted(tag: number, firstIndex: number, term: number): void {
    const batch = this.#offered.get(tag)!;
    this.#offered.delete(tag);
    batch.firstIndex = firstIndex;
    batch.term = term;
    this.#waiting.push(batch);
  }

  #applyAll(batches: readonly EntryBatch[]): void {
    if (batches.length === 0) return;
    let bytes = 0;
    for (const batch of batches) {
      this.#apply(batch);
      bytes += batch.bytes.length;
    }
    this.input({ kind: "applied", index: asIndex(this.#appliedIndex) });
    this.#snapshots?.applied(bytes);
  }

  #createSnapshots(storage: SnapshotStorage): Snapshots {
    return new Snapshots({
      raft: this.#raft,
      machine: this.#machine,
      storage,
      everyBytes: this.#options.snapshotEveryBytes,
      onInput: (input) => this.#administer(input),
      onSnapshot: this.#options.onSnapshot ?? ((): void => {}),
      onFailed: this.#options.onSnapshotFailed ?? ((): void => {}),
      onInstalled: ({ lastIndex }) => (this.#appliedIndex = lastIndex),
    });
  }

  #administer(input: RaftInput): void {
    this.input(input);
    this.pump();
  }

  #apply(batch: EntryBatch): void {
    if (batch.kind === ENTRY_COMMAND) this.#applyCommands(batch);
    this.#appliedIndex = batch.firstIndex + batch.count - 1;
  }

  #applyCommands({ bytes, firstIndex, term, count }: EntryBatch): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let waiting = this.#waitingFor(firstIndex, term);
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (i % PREFETCH_COMMANDS === 0) prefetch(this.#machine, view, at, count - i);
      const start = at + ENTRY_HEADER_BYTES;
      at = start + view.getUint32(at, true);
      this.#machine.apply(bytes, view, start, at, firstIndex + i);
      if (waiting === null) continue;
      const k = waiting.answered++;
      this.#answers.result(waiting.clients[k]!, waiting.requestIds[k]!, this.#machine.result);
      if (waiting.answered < waiting.clients.length) continue;
      this.#waiting.shift();
      waiting = this.#waitingFor(firstIndex + i + 1, term);
    }
  }

  /** Who waits for the entry at `index`: only if it is the very entry that they proposed. */
  #waitingFor(index: number, term: number): Waiting | null {
    const head = this.#waiting[0];
    if (head === undefined || head.term !== term) return null;
    return head.firstIndex + head.answered === index ? head : null;
  }

  #confirmed(tag: number, index: number, byLease: boolean): void {
    const reads = this.#readsOffered.get(tag)!;
    this.#readsOffered.delete(tag);
    reads.index = index;
    reads.byLease = byLease;
    this.#readsConfirmed.add(reads);
  }

  #serveRead(
    client: number,
    requestId: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    index: number,
  ): void {
    this.#machine.read(bytes, view, at, end, index);
    this.#answers.result(client, requestId, this.#machine.result);
  }

  #refused(tag: number, leaderId: NodeId, reason: Refusal): void {
    const status = refusalStatus(reason);
    const asking = this.#offered.get(tag) ?? this.#readsOffered.get(tag);
    this.#offered.delete(tag);
    this.#readsOffered.delete(tag);
    if (asking === undefined) return;
    if (reason === "overloaded") this.#refusals.uncommittedBytes += asking.clients.length;
    this.#answers.all(asking, status, leaderId);
  }

  #onSoftState(soft: SoftState): void {
    this.#soft = soft;
    if (soft.role !== "leader") {
      // The entries may yet commit under the next leader: whoever waits for them cannot know.
      for (const batch of this.#waiting) {
        this.#answers.all(batch, STATUS.leadershipLost.code, soft.leaderId);
      }
      this.#waiting.length = 0;
    }
    this.#ports.onSoftState(soft);
  }
}

/** The oldest: a map keeps the order in which it was given what it has. */
const firstOf = <T>(map: ReadonlyMap<number, T>): T | undefined =>
  map.size === 0 ? undefined : map.values().next().value;
