import { assert } from "../../lib/assert.ts";
import { asIndex, asNode, asTerm, type NodeId } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import { type HardState, RAFT_DEFAULTS, type RaftConfig, type RaftInput } from "../api.ts";
import { checkBasic, checkDelta, checkLogMatching, observe } from "../invariants.ts";
import { raftOver } from "../raft.ts";
import { restore } from "../restore.ts";
import type { RaftState } from "../state.ts";
import { RaftLog } from "../log.ts";
import { type EntryBatch, ENTRY_COMMAND, type Message } from "../types.ts";

/** One write that the disk has not made durable yet. */
type Write = {
  readonly seq: number;
  readonly hardState: HardState | null;
  readonly batches: readonly EntryBatch[];
};

type Node = {
  id: NodeId;
  state: RaftState;
  raft: ReturnType<typeof raftOver>;
  up: boolean;
  disk: { hardState: HardState; log: RaftLog };
  writes: Write[];
  held: { until: number; messages: readonly Message[] }[];
  /** `term` of each applied entry, from index 1. */
  applied: number[];
  restarts: number;
};

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
 * safety, log matching and state machine safety. Not the simulator: no time but `now`, no clients.
 */
export class TestCluster {
  readonly nodes = new Map<NodeId, Node>();
  readonly network: Message[] = [];
  now = 0;
  /** Writes become durable at once; otherwise by `persist`. */
  autoPersist = true;
  readonly confirmedReads: {
    readonly tag: number;
    readonly index: number;
    readonly node: number;
  }[] = [];
  readonly refused: number[] = [];
  readonly #leaders = new Map<number, number>();
  readonly #committed = new Map<number, number>();
  readonly #votes = new Map<string, number>();
  readonly #seed: number;
  readonly #overrides: Partial<RaftConfig>;

  constructor(count: number, seed = 1, overrides: Partial<RaftConfig> = {}) {
    this.#seed = seed;
    this.#overrides = overrides;
    for (let id = 1; id <= count; id++) {
      const hardState = { term: asTerm(0), votedFor: asNode(0) };
      this.nodes.set(
        asNode(id),
        this.#boot(asNode(id), { hardState, log: new RaftLog() }, count, 0),
      );
    }
  }

  node(id: number): Node {
    const node = this.nodes.get(asNode(id));
    assert(node !== undefined, `no node ${id}`);
    return node;
  }

  /** Highest index that any node has committed: what a linearizable read must see. */
  get committedIndex(): number {
    return Math.max(0, ...this.#committed.keys());
  }

  input(id: number, input: RaftInput): void {
    const node = this.node(id);
    if (!node.up) return;
    const before = observe(node.state);
    node.raft.step(input, this.now);
    this.#drain(node);
    checkDelta(before, node.state);
    this.#checkAll(node);
  }

  /** Lets `id` reach its deadline: an election or a heartbeat. */
  deadline(id: number): void {
    this.now = Math.max(this.now, this.node(id).raft.deadline());
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
    const write = node.writes.shift();
    if (write === undefined || !node.up) return;
    if (write.hardState !== null) node.disk.hardState = write.hardState;
    const first = write.batches[0];
    if (first !== undefined) node.disk.log.append(asIndex(first.firstIndex - 1), write.batches);
    this.input(id, { kind: "persisted", writeSeq: write.seq });
    this.#release(node, write.seq);
  }

  /** Loses everything that is not durable. */
  crash(id: number): void {
    const node = this.node(id);
    node.up = false;
    node.writes = [];
    node.held = [];
  }

  restart(id: number): void {
    const node = this.node(id);
    if (node.up) return;
    this.nodes.set(node.id, this.#boot(node.id, node.disk, this.nodes.size, node.restarts + 1));
  }

  /** Starts `id` anew on a log with the given terms, in `term`. */
  load(id: number, terms: readonly number[], term: number): void {
    const log = new RaftLog();
    log.append(asIndex(0), batchesOf(terms));
    const hardState = { term: asTerm(term), votedFor: asNode(0) };
    this.nodes.set(asNode(id), this.#boot(asNode(id), { hardState, log }, this.nodes.size, 0));
  }

  #boot(id: NodeId, disk: Node["disk"], count: number, restarts: number): Node {
    const voters = Array.from({ length: count }, (_, i) => asNode(i + 1));
    const batches = disk.log.lastIndex > 0 ? disk.log.from(asIndex(1), Infinity) : [];
    const config: RaftConfig = {
      ...RAFT_DEFAULTS,
      id,
      membership: { voters, votersOutgoing: [], learners: [] },
      restored: { hardState: disk.hardState, snapshot: null, batches },
      random: new Prng(this.#seed).fork(`node ${id} start ${restarts}`),
      ...this.#overrides,
    };
    const state = restore(config, this.now);
    const raft = raftOver(state);
    return { id, state, raft, up: true, disk, writes: [], held: [], applied: [], restarts };
  }

  #drain(node: Node): void {
    for (let ready = node.raft.takeReady(); ready !== null; ready = node.raft.takeReady()) {
      this.#send(ready.messages);
      if (ready.messagesAfterPersist.length > 0) {
        node.held.push({ until: ready.heldUntil, messages: ready.messagesAfterPersist });
      }
      const { writeSeq: seq, hardState, batches } = ready;
      if (seq > 0) node.writes.push({ seq, hardState, batches });
      for (const batch of ready.committed) {
        for (let i = 0; i < batch.count; i++) node.applied.push(batch.term);
      }
      const index = asIndex(node.applied.length);
      if (ready.committed.length > 0) node.raft.step({ kind: "applied", index }, this.now);
      for (const read of ready.reads) this.confirmedReads.push({ ...read, node: node.id });
      for (const { tag } of ready.refused) this.refused.push(tag);
      if (seq === 0) this.#release(node, node.state.durableSeq);
    }
    if (this.autoPersist) while (node.up && node.writes.length > 0) this.persist(node.id);
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

  #checkAll(node: Node): void {
    const s = node.state;
    checkBasic(s);
    if (s.role === "leader") {
      const known = this.#leaders.get(s.term);
      assert(known === undefined || known === s.id, `terms ${s.term} led by ${known} and ${s.id}`);
      if (known === undefined) this.#checkCompleteness(s);
      this.#leaders.set(s.term, s.id);
    }
    for (let i = 1; i <= s.log.commitIndex; i++) {
      const term = s.log.termAt(asIndex(i));
      const known = this.#committed.get(i);
      assert(known === undefined || known === term, `index ${i} committed in ${known} and ${term}`);
      this.#committed.set(i, term);
    }
    for (const other of this.nodes.values()) if (other !== node) checkLogMatching(s, other.state);
  }

  /** Leader completeness (paper §5.4): a new leader holds everything that was ever committed. */
  #checkCompleteness(s: RaftState): void {
    for (const [index, term] of this.#committed) {
      assert(s.log.termAt(asIndex(index)) === term, `leader of ${s.term} lacks ${index}@${term}`);
    }
  }
}
