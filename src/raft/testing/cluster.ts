import { assert } from "../../lib/assert.ts";
import { asIndex, asNode, asTerm, type NodeId } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import {
  type Membership,
  RAFT_DEFAULTS,
  type RaftConfig,
  type RaftInput,
  type Ready,
  type SnapshotMeta,
} from "../api.ts";
import { checkBasic, checkDelta, checkLogMatching, observe } from "../invariants.ts";
import { isQuorum, members } from "../quorum.ts";
import { raftOver } from "../raft.ts";
import { restore } from "../restore.ts";
import type { RaftState } from "../state.ts";
import { type EntryBatch, ENTRY_COMMAND, type Message } from "../types.ts";
import { TestDisk } from "./disk.ts";

type Node = {
  id: NodeId;
  state: RaftState;
  raft: ReturnType<typeof raftOver>;
  up: boolean;
  disk: TestDisk;
  held: { until: number; messages: readonly Message[] }[];
  /** `term` of each applied entry, from index 1. */
  applied: number[];
  /** A whole snapshot that the owner has not installed yet. */
  received: { readonly meta: SnapshotMeta; readonly state: readonly number[] } | null;
  restarts: number;
  /** Its clock runs so many times as fast as `now`. */
  rate: number;
};

/** The times that tests and golden files are written for. */
export const TEST_TIMERS = { electionTimeoutMinMs: 200, heartbeatIntervalMs: 50 } as const;

/** One encoded command whose payload is `text`. */
export function encodeCommand(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length, true);
  bytes.set(payload, 4);
  return bytes;
}

/** A log of one-entry batches with the given terms. */
export const batchesOf = (terms: readonly number[]): EntryBatch[] =>
  terms.map((term, i) => ({
    firstIndex: asIndex(i + 1),
    term: asTerm(term),
    kind: ENTRY_COMMAND,
    count: 1,
    bytes: encodeCommand(`${i + 1}`),
  }));

/**
 * Cores with a network and disks that only move when told to: for golden tests and random
 * schedules. After every step it checks each core's invariants and, over all of them, election
 * safety, log matching, commits on a quorum of disks and state machine safety. Not the simulator:
 * no time but `now`, no clients.
 */
export class TestCluster {
  readonly nodes = new Map<NodeId, Node>();
  readonly network: Message[] = [];
  now = 0;
  /** Writes become durable at once; otherwise by `persist`. */
  autoPersist = true;
  /** Whole snapshots are installed at once; otherwise by `install`. */
  autoInstall = true;
  readonly confirmedReads: {
    readonly tag: number;
    readonly index: number;
    readonly node: number;
  }[] = [];
  readonly refused: number[] = [];
  readonly outcomes: Ready["outcomes"][number][] = [];
  /** Highest index that any node has committed: what a linearizable read must see. */
  committedIndex = 0;
  /** Snapshots of leaders that were installed. */
  installed = 0;
  readonly #leaders = new Map<number, number>();
  /** Of each committed index: the term of its entry, and that of the first node that told. */
  readonly #committed = new Map<number, { readonly term: number; readonly by: number }>();
  readonly #votes = new Map<string, number>();
  readonly #seed: number;
  readonly #overrides: Partial<RaftConfig>;
  readonly #voters: NodeId[];

  /** Nodes 1 … count are the voters; `spares` more run without being members. */
  constructor(count: number, seed = 1, overrides: Partial<RaftConfig> = {}, spares = 0) {
    this.#seed = seed;
    this.#overrides = overrides;
    this.#voters = Array.from({ length: count }, (_, i) => asNode(i + 1));
    for (let id = 1; id <= count + spares; id++) {
      this.nodes.set(asNode(id), this.#boot(asNode(id), new TestDisk(), 0));
    }
  }

  node(id: number): Node {
    const node = this.nodes.get(asNode(id));
    assert(node !== undefined, `no node ${id}`);
    return node;
  }

  input(id: number, input: RaftInput): void {
    const node = this.node(id);
    if (!node.up) return;
    const before = observe(node.state);
    node.raft.step(input, this.#timeAt(node));
    checkDelta(before, node.state);
    this.#checkCommit(node, before.commitIndex, before.membership);
    this.#drain(node);
    this.#checkAll(node);
  }

  #takeReady({ state, raft }: Node): Ready | null {
    const before = observe(state);
    const ready = raft.takeReady();
    checkDelta(before, state);
    return ready;
  }

  /** Lets `id` reach its deadline: an election or a heartbeat. */
  deadline(id: number): void {
    const { raft, rate } = this.node(id);
    if (raft.deadline() === Infinity) return; // It is quiescent.
    const margin = 1e-6; // Division and multiplication by the rate do not quite cancel.
    this.now = Math.max(this.now, raft.deadline() / rate + margin);
    this.input(id, { kind: "deadline" });
  }

  propose(id: number, text: string): void {
    this.input(id, { kind: "propose", tag: 1, count: 1, bytes: encodeCommand(text) });
  }

  /** Delivers the message at `position` of the network; a node that is down loses it. */
  deliver(position = 0): Message {
    const [message] = this.network.splice(position, 1);
    assert(message !== undefined, "nothing to deliver");
    this.input(message.to, { kind: "message", message });
    return message;
  }

  /** Makes the oldest pending write of `id` durable. */
  persist(id: number): void {
    const node = this.node(id);
    const writeSeq = node.up ? node.disk.sync() : 0;
    if (writeSeq === 0) return;
    this.input(id, { kind: "persisted", writeSeq });
    this.#release(node, writeSeq);
  }

  /** Saves a snapshot of what `id` has applied, and deletes all but the newest `keep` files. */
  snapshot(id: number, keep = 2): void {
    const { up, raft, disk, applied } = this.node(id);
    const meta = raft.appliedMeta();
    if (!up || meta.lastIndex === 0 || disk.files.has(meta.lastIndex)) return;
    disk.save(meta, applied);
    const old = [...disk.files.keys()].sort((a, b) => b - a).slice(keep);
    for (const lastIndex of old) disk.files.delete(lastIndex);
    this.input(id, { kind: "snapshotTaken", lastIndex: meta.lastIndex });
  }

  /** The owner of `id` installs the whole snapshot that it has, or finds it broken. */
  install(id: number, sound = true): void {
    const node = this.node(id);
    const { received } = node;
    if (received === null || !node.up) return;
    node.received = null;
    const { meta, state } = received;
    const { lastIndex } = meta;
    if (!sound) return this.input(id, { kind: "snapshotRefused", lastIndex });
    for (let i = 1; i <= lastIndex; i++) {
      assert(
        state[i - 1] === this.#committed.get(i)?.term,
        `snapshot ${lastIndex} differs at ${i}`,
      );
    }
    node.disk.save(meta, state);
    assert(node.applied.length < lastIndex, `${lastIndex} was applied before it was installed`);
    node.applied = [...state];
    this.installed++;
    this.input(id, { kind: "snapshotInstalled", lastIndex });
  }

  /** Loses everything that is not durable. */
  crash(id: number): void {
    const node = this.node(id);
    node.up = false;
    node.disk.crash();
    node.held = [];
    node.received = null;
  }

  restart(id: number): void {
    const node = this.node(id);
    if (node.up) return;
    this.nodes.set(node.id, this.#boot(node.id, node.disk, node.restarts + 1, node.rate));
  }

  /** Starts `id` anew on a log with the given terms, in `term`. */
  load(id: number, terms: readonly number[], term: number): void {
    const disk = new TestDisk();
    disk.log.append(asIndex(0), batchesOf(terms));
    disk.hardState = { term: asTerm(term), votedFor: asNode(0) };
    this.nodes.set(asNode(id), this.#boot(asNode(id), disk, 0));
  }

  #boot(id: NodeId, disk: TestDisk, restarts: number, rate = 1): Node {
    const isVoter = this.#voters.includes(id);
    const config: RaftConfig = {
      ...RAFT_DEFAULTS,
      ...TEST_TIMERS,
      id,
      membership: { voters: isVoter ? this.#voters : [], votersOutgoing: [], learners: [] },
      restored: disk.restored(),
      random: new Prng(this.#seed).fork(`node ${id} start ${restarts}`),
      ...this.#overrides,
    };
    const state = restore(config, this.now * rate);
    const data = disk.newest()?.data.slice() ?? new Uint8Array(0);
    const applied = [...new Uint32Array(data.buffer)];
    const raft = raftOver(state);
    return { id, state, raft, up: true, disk, held: [], applied, received: null, restarts, rate };
  }

  #timeAt({ state, rate }: Node): number {
    return Math.max(state.now, this.now * rate);
  }

  #drain(node: Node): void {
    const { disk, raft } = node;
    for (let ready = this.#takeReady(node); ready !== null; ready = this.#takeReady(node)) {
      this.#send(ready.messages);
      if (ready.messagesAfterPersist.length > 0) {
        node.held.push({ until: ready.heldUntil, messages: ready.messagesAfterPersist });
      }
      if (ready.writeSeq > 0) disk.writes.push(ready);
      for (const batch of ready.committed) {
        assert(batch.firstIndex === node.applied.length + 1, `${batch.firstIndex} handed out`);
        for (let i = 0; i < batch.count; i++) node.applied.push(batch.term);
      }
      const index = asIndex(node.applied.length);
      if (ready.committed.length > 0) raft.step({ kind: "applied", index }, node.state.now);
      for (const read of ready.reads) this.confirmedReads.push({ ...read, node: node.id });
      for (const { tag } of ready.refused) this.refused.push(tag);
      this.outcomes.push(...ready.outcomes);
      for (const chunk of ready.snapshotWrites) {
        const state = disk.receive(chunk);
        if (state !== null) node.received = { meta: chunk.meta, state };
      }
      for (const { to, lastIndex, offset, bytesMax } of ready.snapshotReads) {
        const data = disk.files.get(lastIndex)?.data ?? new Uint8Array(0);
        const part = data.subarray(offset, offset + bytesMax);
        const head = { kind: "snapshotRead", to, lastIndex, offset } as const;
        raft.step({ ...head, totalBytes: data.length, data: part }, node.state.now);
      }
      if (ready.writeSeq === 0) this.#release(node, node.state.durableSeq);
    }
    if (this.autoPersist) while (node.up && disk.writes.length > 0) this.persist(node.id);
    if (this.autoInstall) this.install(node.id);
  }

  #release(node: Node, durableSeq: number): void {
    while (node.held.length > 0 && node.held[0]!.until <= durableSeq) {
      this.#send(node.held.shift()!.messages);
    }
  }

  /** Puts messages on the wire; a vote that is out, even before a crash, must stay the only one. */
  #send(messages: readonly Message[]): void {
    for (const m of messages) {
      if (m.kind !== "voteResponse" && m.kind !== "voteRequest") continue;
      if (m.pre || (m.kind === "voteResponse" && !m.granted)) continue;
      const vote = m.kind === "voteRequest" ? m.from : m.to;
      const key = `${m.from} in term ${m.term}`;
      const known = this.#votes.get(key) ?? vote;
      assert(known === vote, `node ${key} voted for ${known} and ${vote}`);
      this.#votes.set(key, vote);
    }
    this.network.push(...messages);
  }

  /** What a leader commits is on the disks of a quorum of the membership it counted with. */
  #checkCommit({ id, state }: Node, before: number, membership: Membership): void {
    const { commitIndex } = state.log;
    if (state.role !== "leader" || commitIndex === before) return;
    const holds = (node: NodeId) => this.node(node).disk.holds(commitIndex, state.term);
    assert(isQuorum(membership, holds), `${id} committed ${commitIndex} without a quorum`);
  }

  #checkAll(node: Node): void {
    const s = node.state;
    checkBasic(s);
    if (s.role === "leader") {
      const known = this.#leaders.get(s.term);
      assert(known === undefined || known === s.id, `terms ${s.term} led by ${known} and ${s.id}`);
      if (known === undefined) this.#checkCompleteness(s);
      this.#leaders.set(s.term, s.id);
      if (s.quiescent) this.#checkAllHold(s);
    }
    for (let i = Math.max(1, s.log.compactedIndex); i <= s.log.commitIndex; i++) {
      const term = s.log.termAt(asIndex(i));
      const known = this.#committed.get(i) ?? { term, by: s.term };
      assert(known.term === term, `index ${i} committed in ${known.term} and ${term}`);
      this.#committed.set(i, known);
    }
    this.committedIndex = Math.max(this.committedIndex, s.log.commitIndex);
    for (const other of this.nodes.values()) if (other !== node) checkLogMatching(s, other.state);
  }

  /** A leader sleeps once all its members have all that it has. */
  #checkAllHold(s: RaftState): void {
    const { lastIndex, lastTerm } = s.log;
    for (const id of members(s.membership)) {
      const { disk } = this.node(id);
      assert(disk.holds(lastIndex, lastTerm), `${s.id} is quiescent and ${id} lacks ${lastIndex}`);
    }
  }

  /** Leader completeness (paper §5.4): a new leader holds all that was committed in lesser terms. */
  #checkCompleteness(s: RaftState): void {
    for (const [index, { term, by }] of this.#committed) {
      if (index < s.log.compactedIndex || by >= s.term) continue;
      assert(s.log.termAt(asIndex(index)) === term, `leader of ${s.term} lacks ${index}@${term}`);
    }
  }
}
