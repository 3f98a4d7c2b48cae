import type { LogIndex } from "../lib/ids.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import type { StorageIdentity } from "./log-storage.ts";
import { SnapshotDecoder, SnapshotEncoder } from "./snapshot-format.ts";
import type {
  SnapshotReceiver,
  SnapshotSink,
  SnapshotStorage,
  StoredSnapshot,
} from "./snapshot-storage.ts";

type Kept = StoredSnapshot & { readonly pieces: readonly Uint8Array[] };

/**
 * Snapshots in memory, for `--storage memory` and the simulator: the newest, and the one before it
 * for followers that are still being sent that.
 */
export class MemorySnapshots implements SnapshotStorage {
  readonly #identity: StorageIdentity;
  readonly #later: (work: () => void) => void;
  #kept: Kept[] = [];

  /** `later` runs its argument in a later turn. */
  constructor(identity: StorageIdentity, later: (work: () => void) => void) {
    this.#identity = identity;
    this.#later = later;
  }

  get newest(): StoredSnapshot | null {
    return this.#kept[0] ?? null;
  }

  /** Gives the newest to a state machine that starts; false when there is none. */
  load(state: (bytes: Uint8Array) => void): boolean {
    const [newest] = this.#kept;
    const decoder = new SnapshotDecoder(this.#identity.clusterId, state);
    for (const piece of newest?.pieces ?? []) decoder.write(piece);
    return newest !== undefined;
  }

  begin(meta: SnapshotMeta): SnapshotSink {
    const encoder = new SnapshotEncoder(meta, this.#identity);
    const pieces = [encoder.header];
    let over = false;
    const laterUnlessOver = (work: () => void): void => {
      this.#later(() => {
        if (!over) work();
      });
    };
    return {
      write: (bytes, done) => {
        if (bytes.length > 0) pieces.push(encoder.chunk(bytes));
        laterUnlessOver(() => done(null));
      },
      finish: (done) => {
        pieces.push(encoder.end());
        laterUnlessOver(() => {
          this.#keep(meta, pieces);
          done(null);
        });
      },
      abandon: () => (over = true),
    };
  }

  receive(
    meta: SnapshotMeta,
    totalBytes: number,
    state: (bytes: Uint8Array) => void,
  ): SnapshotReceiver {
    const decoder = new SnapshotDecoder(this.#identity.clusterId, state);
    const pieces: Uint8Array[] = [];
    let over = false;
    return {
      write: (data) => {
        pieces.push(data.slice()); // It is a view of a frame.
        decoder.write(data);
      },
      finish: (done) => {
        this.#later(() => {
          if (over) return;
          const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
          if (!decoder.ended || bytes !== totalBytes) return done("snapshot: it is not whole");
          this.#keep(meta, pieces);
          done(null);
        });
      },
      abandon: () => (over = true),
    };
  }

  read(
    lastIndex: LogIndex,
    offset: number,
    bytesMax: number,
    done: (data: Uint8Array | null, totalBytes: number) => void,
  ): void {
    const kept = this.#kept.find(({ meta }) => meta.lastIndex === lastIndex);
    if (kept === undefined) return done(null, 0);
    const data = bytesAt(kept, offset, bytesMax);
    this.#later(() => done(data, kept.totalBytes));
  }

  #keep(meta: SnapshotMeta, pieces: readonly Uint8Array[]): void {
    if ((this.newest?.meta.lastIndex ?? 0) >= meta.lastIndex) return;
    const totalBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#kept = [{ meta, totalBytes, pieces }, ...this.#kept.slice(0, 1)];
  }
}

function bytesAt({ pieces, totalBytes }: Kept, offset: number, bytesMax: number): Uint8Array {
  const out = new Uint8Array(Math.max(0, Math.min(bytesMax, totalBytes - offset)));
  let start = 0;
  let filled = 0;
  for (const piece of pieces) {
    const from = Math.max(0, offset + filled - start);
    if (from < piece.length && filled < out.length) {
      const part = piece.subarray(from, from + out.length - filled);
      out.set(part, filled);
      filled += part.length;
    }
    start += piece.length;
  }
  return out;
}
