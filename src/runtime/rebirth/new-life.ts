import { join } from "node:path";
import { asIndex, asNode, asTerm, type GroupId, NO_NODE } from "../../lib/ids.ts";
import type { SnapshotReader, StateMachine } from "../../kv/state-machine.ts";
import type { SnapshotMeta } from "../../raft/api.ts";
import type { FilePort } from "../../storage/file-port.ts";
import { FileSnapshots, snapshotsOf } from "../../storage/snapshot-files.ts";
import { openWal } from "../../storage/wal.ts";
import { markIdentity } from "../identity.ts";

/**
 * Entries that a new life of a state leaves out. A session's number is the index of the entry that opened
 * it (kv/sessions.ts): those that clients of the old cluster still have, from after the state was
 * taken, can so never be numbers of the new one. As etcd's `--bump-revision`.
 */
export const INDEX_GAP = 1_000_000_000;

/** A state, and where in its old log it was. */
export type OldPlace = { readonly lastIndex: number; readonly term: number };

/** Where the log of a cluster that is made of an old state begins. */
export const newBeginning = (
  { lastIndex, term }: OldPlace,
  voters: readonly number[],
): SnapshotMeta => ({
  lastIndex: asIndex(lastIndex + INDEX_GAP),
  lastTerm: asTerm(term + 1),
  membership: {
    voters: [...voters].sort((a, b) => a - b).map(asNode),
    votersOutgoing: [],
    learners: [],
  },
});

/**
 * The same of a group of shards. What must be new in the numbers of its sessions is their upper part, the number of a
 * config (kv/shards-reborn.ts): its log begins at the beginning, for it has room for 2^32 entries and not more.
 */
export const newBeginningOfShards = (
  { term }: Pick<OldPlace, "term">,
  voters: readonly number[],
): SnapshotMeta => ({ ...newBeginning({ lastIndex: 0, term }, voters), lastIndex: asIndex(1) });

export type NewNode = {
  readonly port: FilePort;
  /** Of the node; must not be there yet. */
  readonly dir: string;
  readonly clusterId: string;
  readonly id: number;
};

/** A group that begins a new life with a state: group 1, or another one of a sharded cluster. */
export type NewGroup = {
  readonly group: GroupId;
  readonly meta: SnapshotMeta;
  /** The state machine's bytes, as SnapshotReader.next gives them; asked for once for each node of the group. */
  readonly state: () => Iterable<Uint8Array>;
};

/**
 * Writes the directories of nodes whose whole past is one snapshot of each of their groups: they start as if they
 * had taken that one last, and have voted for nobody. A group is on those of `nodes` that vote in it. Groups are taken one
 * after the other, so that their states need not all be in memory at once. Durable when it resolves. Rejects
 * with what the disk says, and leaves what it had written.
 */
export async function writeNewNodes(
  nodes: readonly NewNode[],
  groups: Iterable<NewGroup>,
): Promise<void> {
  const metas = new Map(nodes.map(({ id }) => [id, new Map<GroupId, SnapshotMeta>()]));
  for (const one of groups) {
    const voters: readonly number[] = one.meta.membership.voters;
    for (const node of nodes.filter(({ id }) => voters.includes(id))) {
      await writeSnapshot(node, one);
      metas.get(node.id)!.set(one.group, one.meta);
    }
  }
  for (const node of nodes) await begin(node, metas.get(node.id)!);
}

async function writeSnapshot(node: NewNode, { group, meta, state }: NewGroup): Promise<void> {
  const { port, dir, clusterId, id } = node;
  const identity = { clusterId, nodeId: asNode(id) };
  const all = join(dir, "snapshots");
  port.mkdir(all);
  const at = { port, dir: snapshotsOf(all, group), identity, now };
  const snapshots = new FileSnapshots(at, null);
  const sink = snapshots.begin(meta);
  for (const bytes of state()) await settled((done) => sink.write(bytes, done));
  await settled((done) => sink.finish(done));
  snapshots.close();
}

/** The log, which says of each group that it goes on after its snapshot. */
async function begin(
  { port, dir, clusterId, id }: NewNode,
  metas: ReadonlyMap<GroupId, SnapshotMeta>,
): Promise<void> {
  const identity = { clusterId, nodeId: asNode(id) };
  await new Promise<void>((resolve, reject) => {
    const { wal } = openWal({ port, dir: join(dir, "wal"), identity, now, onFatal: reject });
    let left = metas.size;
    for (const [group, meta] of metas) {
      const hardState = { term: meta.lastTerm, votedFor: NO_NODE };
      wal.append(group, { writeSeq: 1, hardState, snapshot: meta, batches: [] }, () => {
        if (--left > 0) return;
        wal.close();
        resolve();
      });
    }
    wal.commit();
  });
  // Last: a directory without it is that of a node which never began.
  markIdentity(port, dir, clusterId, id);
}

const now = (): number => performance.now();

/** Of the state, gathered in one step. */
const PIECE_BYTES = 128 << 10;

/** The state of a machine that nothing is applied to meanwhile. */
export const piecesOf = (machine: Pick<StateMachine, "beginSnapshot">): Iterable<Uint8Array> =>
  piecesFrom(machine.beginSnapshot());

export function* piecesFrom(reader: SnapshotReader): Iterable<Uint8Array> {
  for (let piece = reader.next(PIECE_BYTES); piece !== null; piece = reader.next(PIECE_BYTES)) {
    yield piece;
  }
  reader.close();
}

const settled = (begin: (done: (error: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => begin((error) => (error === null ? resolve() : reject(error))));

/** What keeps the nodes and the data of a cluster apart from those of the one that it was made of. */
export function newClusterId(old: string): string {
  const suffix = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(16).padStart(8, "0");
  // 64 characters at most; the suffix of an earlier life is replaced.
  return `${old.replace(/\.[0-9a-f]{8}$/, "").slice(0, 55)}.${suffix}`;
}
