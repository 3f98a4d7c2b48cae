import { join } from "node:path";
import { asIndex, asNode, asTerm, GROUP_1, NO_NODE } from "../../lib/ids.ts";
import type { StateMachine } from "../../kv/state-machine.ts";
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

export type NewNode = {
  readonly port: FilePort;
  /** Of the node; must not be there yet. */
  readonly dir: string;
  readonly clusterId: string;
  readonly id: number;
  readonly meta: SnapshotMeta;
  /** The state machine's bytes, as SnapshotReader.next gives them. */
  readonly state: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
};

/**
 * Writes the directory of a node whose whole past is one snapshot: it starts as if it had taken that one
 * last, and has voted for nobody. Durable when it resolves. Rejects with what the disk says, and leaves what
 * it had written.
 */
export async function writeNewNode(node: NewNode): Promise<void> {
  const { port, dir, clusterId, id, meta } = node;
  const identity = { clusterId, nodeId: asNode(id) };
  const now = (): number => performance.now();
  port.mkdir(dir);
  const at = { port, dir: snapshotsOf(join(dir, "snapshots"), GROUP_1), identity, now };
  const snapshots = new FileSnapshots(at, null);
  const sink = snapshots.begin(meta);
  for await (const bytes of node.state) await settled((done) => sink.write(bytes, done));
  await settled((done) => sink.finish(done));
  snapshots.close();
  await new Promise<void>((resolve, reject) => {
    const { wal } = openWal({ port, dir: join(dir, "wal"), identity, now, onFatal: reject });
    const hardState = { term: meta.lastTerm, votedFor: NO_NODE };
    wal.append(GROUP_1, { writeSeq: 1, hardState, snapshot: meta, batches: [] }, () => {
      wal.close();
      resolve();
    });
    wal.commit();
  });
  // Last: a directory without it is that of a node which never began.
  markIdentity(port, dir, clusterId, id);
}

/** Of the state, gathered in one step. */
const PIECE_BYTES = 128 << 10;

/** The state of a machine that nothing is applied to meanwhile. */
export function* piecesOf(machine: Pick<StateMachine, "beginSnapshot">): Iterable<Uint8Array> {
  const reader = machine.beginSnapshot();
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
