import { asNode } from "../lib/ids.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import { MemorySnapshots } from "../storage/memory-snapshots.ts";
import type { SnapshotStorage } from "../storage/snapshot-storage.ts";

export const CLUSTER_ID = "simulated";

export type SnapshotEvents = {
  /** Runs `work` after as long as the disk takes, unless the node has crashed by then. */
  later(work: () => void): void;
  /** A snapshot of the node's own state, or of its leader's, is durable; nobody knows of it yet. */
  onDurable(meta: SnapshotMeta, installed: boolean): void;
};

/** A node's snapshots, which outlive its crashes, and the state machine's start from the newest. */
export class SnapshotDisk {
  readonly #node: number;
  readonly #events: SnapshotEvents;
  #kept: MemorySnapshots;

  constructor(node: number, events: SnapshotEvents) {
    this.#node = node;
    this.#events = events;
    this.#kept = this.#empty();
  }

  get newest(): SnapshotMeta | null {
    return this.#kept.newest?.meta ?? null;
  }

  /** Gives the newest to a state machine that starts; false when there is none. */
  load(state: (bytes: Uint8Array) => void): boolean {
    return this.#kept.load(state);
  }

  wipe(): void {
    this.#kept = this.#empty();
  }

  /** What the Replica is given. */
  storage(): SnapshotStorage {
    const kept = this.#kept;
    const { onDurable } = this.#events;
    return {
      get newest() {
        return kept.newest;
      },
      begin(meta) {
        const sink = kept.begin(meta);
        return {
          write: (bytes, done) => sink.write(bytes, done),
          finish: (done) =>
            sink.finish((error) => {
              if (error === null) onDurable(meta, false);
              done(error);
            }),
          abandon: () => sink.abandon(),
        };
      },
      receive(meta, totalBytes, state) {
        const receiver = kept.receive(meta, totalBytes, state);
        return {
          write: (data) => receiver.write(data),
          finish: (done) =>
            receiver.finish((problem) => {
              if (problem === null) onDurable(meta, true);
              done(problem);
            }),
          abandon: () => receiver.abandon(),
        };
      },
      read: (lastIndex, offset, bytesMax, done) => kept.read(lastIndex, offset, bytesMax, done),
    };
  }

  #empty(): MemorySnapshots {
    const identity = { clusterId: CLUSTER_ID, nodeId: asNode(this.#node) };
    return new MemorySnapshots(identity, (work) => this.#events.later(work));
  }
}
