import { crc32 } from "../../lib/crc32.ts";
import { asGroup, asIndex, asNode, asTerm, type GroupId, GROUP_1 } from "../../lib/ids.ts";
import type { SnapshotMeta } from "../../raft/api.ts";
import { eachEntry } from "../../raft/batch.ts";
import type { EntryBatch } from "../../raft/types.ts";
import type { FilePort } from "../file-port.ts";
import type { LogStorage, LogWrite, RecoveredGroups } from "../log-storage.ts";
import { recover } from "../recovery.ts";
import { type FileSnapshots, openSnapshots, snapshotsOf } from "../snapshot-files.ts";
import { batchOf, IDENTITY, voteOf, writeOf } from "../test-log.ts";
import { openWal } from "../wal.ts";

export const WAL_DIR = "/node/wal";
export const SNAPSHOT_DIR = "/node/snapshots";
export const GROUP_2: GroupId = asGroup(2);
const GROUPS = [GROUP_1, GROUP_2];
const MEMBERSHIP = { voters: [1, 2, 3].map(asNode), votersOutgoing: [], learners: [] };

/** What a node's directory says, by content: the same whichever snapshot it is told from. */
type Group = { term: number; votedFor: number; entries: readonly Entry[] };
type Entry = { readonly term: number; readonly mark: number };
export type NodeState = { readonly one: Group; readonly two: Group };

const SNAPSHOT_EVERY = 12;
const NOTHING: Group = { term: 0, votedFor: 0, entries: [] };
export const EMPTY: NodeState = { one: NOTHING, two: NOTHING };

export const same = (a: NodeState, b: NodeState): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

export type OpenNode = {
  readonly wal: LogStorage;
  readonly snapshots: ReadonlyMap<GroupId, FileSnapshots>;
  readonly state: NodeState;
};

const SHARED = { identity: IDENTITY, now: () => 0 };

/** Opens snapshots and log as a node does. `onFatal`: a write or sync failed. */
export function openNode(port: FilePort, onFatal: (error: Error) => void): OpenNode {
  const { snapshots, metas, covered } = loadSnapshots(port);
  const { wal, groups } = openWal({
    ...SHARED,
    port,
    dir: WAL_DIR,
    onFatal,
    syncNowBytesMax: 300,
    segmentSizes: { first: 2048, max: 2048 },
    snapshots: metas,
  });
  return { wal, snapshots, state: stateOf(groups, covered) };
}

/** What `openNode` would find, without what it takes to go on. */
export function readNode(port: FilePort): NodeState {
  const { metas, covered } = loadSnapshots(port);
  return stateOf(recover(port, WAL_DIR, IDENTITY, metas).groups, covered);
}

type Covered = ReadonlyMap<GroupId, readonly Entry[]>;

function loadSnapshots(port: FilePort): {
  readonly snapshots: ReadonlyMap<GroupId, FileSnapshots>;
  readonly metas: ReadonlyMap<GroupId, SnapshotMeta>;
  readonly covered: Covered;
} {
  const covered = new Map<GroupId, readonly Entry[]>();
  const files = new Map<GroupId, FileSnapshots>();
  const metas = new Map<GroupId, SnapshotMeta>();
  for (const group of GROUPS) {
    const { snapshots } = openSnapshots(
      { ...SHARED, port, dir: snapshotsOf(SNAPSHOT_DIR, group) },
      () => {
        const bytes: number[] = [];
        return {
          write: (more) => void bytes.push(...more),
          finish: () => covered.set(group, decode(bytes)),
        };
      },
    );
    files.set(group, snapshots);
    if (snapshots.newest !== null) metas.set(group, snapshots.newest.meta);
  }
  return { snapshots: files, metas, covered };
}

function stateOf(groups: RecoveredGroups, covered: Covered): NodeState {
  const groupOf = (id: GroupId): Group => {
    const before = covered.get(id) ?? [];
    const found = groups.get(id);
    if (found === undefined) return NOTHING;
    const { term, votedFor } = found.hardState;
    const first = found.batches[0]?.firstIndex ?? before.length + 1;
    const entries = [...before.slice(0, first - 1), ...found.batches.flatMap(entriesOf)];
    return { term, votedFor, entries };
  };
  return { one: groupOf(GROUP_1), two: groupOf(GROUP_2) };
}

/** The state of a snapshot: term and mark of each entry that it stands for. */
function encode(entries: readonly Entry[]): Uint8Array {
  const words = entries.flatMap(({ term, mark }) => [term, mark]);
  return new Uint8Array(new Uint32Array(words).buffer);
}

function decode(bytes: readonly number[]): Entry[] {
  const words = new Uint32Array(new Uint8Array(bytes).buffer);
  return Array.from({ length: words.length / 2 }, (_, i) => ({
    term: words[2 * i]!,
    mark: words[2 * i + 1]!,
  }));
}

function entriesOf(batch: EntryBatch): Entry[] {
  const entries: Entry[] = [];
  eachEntry(batch, (at, end) => {
    entries.push({ term: batch.term, mark: crc32(batch.bytes.subarray(at, end)) });
  });
  return entries;
}

/** The next write of a script, the same for the same step and state. */
function draw(step: number, { one, two }: NodeState): [GroupId, LogWrite, NodeState] {
  const [group, before] = step % 4 === 3 ? ([GROUP_2, two] as const) : ([GROUP_1, one] as const);
  const after = (next: Group): NodeState =>
    group === GROUP_1 ? { one: next, two } : { one, two: next };
  // Entries of the second group, whose snapshots are late, hold up their segments: first there are none.
  const onlyVotes = group === GROUP_2 && step < 16;
  const newTerm = step % 5 === 0 || onlyVotes;
  const term = before.term + (newTerm ? 1 : 0);
  const votedFor = newTerm ? 1 + (step % 3) : before.votedFor;
  const write = newTerm ? voteOf(step, term, votedFor) : writeOf(step);
  if (onlyVotes) return [group, write, after({ ...before, term, votedFor })];
  // A leader of a later term overwrites the last entry now and then.
  const kept =
    before.entries.length - (newTerm && step % 2 === 0 && before.entries.length > 0 ? 1 : 0);
  const size = [20, 300, 0, 900, 60, 130][step % 6]!;
  const batch = batchOf(kept + 1, Math.max(term, 1), 1 + (step % 2), size, step % 7);
  const entries = [...before.entries.slice(0, kept), ...entriesOf(batch)];
  return [group, { ...write, batches: [batch] }, after({ term, votedFor, entries })];
}

/**
 * Runs steps of a script on an open node: group commits of two groups, and a snapshot of the first
 * after every twelfth, of the second six later, which lets old segments go. Returns all states the node may be in after a crash
 * now, from the newest that is durable to the last one written.
 */
export class Script {
  #step = 0;
  #states: NodeState[];
  #durable = 0;
  readonly #node: OpenNode;
  readonly #settle: () => void;
  readonly #snapshotEvery: number;

  /** `settle` ends what is under way; `snapshotEvery` steps, Infinity for never. */
  constructor(node: OpenNode, settle: () => void, snapshotEvery = SNAPSHOT_EVERY) {
    this.#node = node;
    this.#states = [node.state];
    this.#settle = settle;
    this.#snapshotEvery = snapshotEvery;
  }

  /** What the node must have after a crash now. */
  get durable(): NodeState {
    return this.#states[this.#durable]!;
  }

  get possible(): readonly NodeState[] {
    return this.#states.slice(this.#durable);
  }

  run(steps: number): void {
    for (let i = 0; i < steps; i++) {
      const last = this.#states[this.#states.length - 1]!;
      const [group, write, after] = draw(++this.#step, last);
      this.#append(group, write, after);
      if (this.#step % this.#snapshotEvery === 0) this.#snapshot(GROUP_1);
      if (this.#step % this.#snapshotEvery === this.#snapshotEvery / 2) this.#snapshot(GROUP_2);
      // Now and then several writes form one record.
      if (this.#step % 3 !== 0) this.#settle();
    }
    this.#settle();
  }

  #append(group: GroupId, write: LogWrite, after: NodeState): void {
    const number = this.#states.push(after) - 1;
    this.#node.wal.append(group, write, () => (this.#durable = number));
    this.#node.wal.commit();
  }

  #snapshot(group: GroupId): void {
    this.#settle();
    const { one, two } = this.durable;
    const covered = (group === GROUP_1 ? one : two).entries.slice(0, -1);
    if (covered.length === 0) return;
    const lastTerm = covered[covered.length - 1]!.term;
    const meta: SnapshotMeta = {
      lastIndex: asIndex(covered.length),
      lastTerm: asTerm(lastTerm),
      membership: MEMBERSHIP,
    };
    const bytes = encode(covered);
    const half = bytes.length >> 1;
    const sink = this.#node.snapshots.get(group)!.begin(meta);
    const mark = { ...writeOf(0), snapshot: meta };
    sink.write(bytes.subarray(0, half), () =>
      sink.write(bytes.subarray(half), () =>
        sink.finish((error) => {
          const last = this.#states[this.#states.length - 1]!;
          if (error === null) this.#append(group, mark, last);
        }),
      ),
    );
  }
}
