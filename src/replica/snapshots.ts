import { broken } from "../lib/assert.ts";
import { SnapshotFormatError } from "../kv/snapshot-format.ts";
import type { SnapshotReader, SnapshotWriter, StateMachine } from "../kv/state-machine.ts";
import type { Raft, RaftInput, Ready, SnapshotMeta } from "../raft/api.ts";
import type {
  SnapshotReceiver,
  SnapshotSink,
  SnapshotStorage,
} from "../storage/snapshot-storage.ts";
import { errorCode } from "../storage/storage-error.ts";
import { WireError } from "../wire/bytes.ts";
import type { AdminOutcome, SnapshotEvent } from "./ports.ts";

/** Bytes of the state that are gathered in one step: about half a millisecond with small entries. */
const STEP_BYTES = 128 << 10;
const NO_BYTES = new Uint8Array(0);

export type SnapshotsOptions = {
  readonly raft: Pick<Raft, "appliedMeta">;
  readonly machine: StateMachine;
  readonly storage: SnapshotStorage;
  /** Bytes of entries applied since the last snapshot, after which one is taken; 0: never. */
  readonly everyBytes: number;
  /** Absorbs an input of the core, from a later turn, and does what it calls for. */
  readonly onInput: (input: RaftInput) => void;
  /** The state is now that of a leader's snapshot. */
  readonly onInstalled: (meta: SnapshotMeta) => void;
  readonly onSnapshot: (event: SnapshotEvent) => void;
  /** One of ours could not be written, so many in a row. */
  readonly onFailed?: (error: Error, inARow: number) => void;
};

type Taking = { readonly sink: SnapshotSink; readonly reader: SnapshotReader };
type Receiving = {
  readonly meta: SnapshotMeta;
  readonly totalBytes: number;
  readonly restore: SnapshotWriter;
  readonly receiver: SnapshotReceiver;
  received: number;
  /** It cannot be used; the core wants to hear so when all has come. */
  isBad: boolean;
};

/**
 * The snapshots of one replica: takes them in the background, a piece of the state at a time; reads
 * them for followers; and installs those of a leader, which are built beside the state in use and
 * take its place in one step.
 */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  #bytesApplied = 0;
  #taking: Taking | null = null;
  #receiving: Receiving | null = null;
  #waiting: ((outcome: AdminOutcome) => void)[] = [];
  #failedInARow = 0;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** So many bytes of entries were applied, and the core knows of it. */
  applied(bytes: number): void {
    const { everyBytes, raft } = this.#options;
    this.#bytesApplied += bytes;
    const receiving = this.#receiving;
    if (receiving !== null && raft.appliedMeta().lastIndex >= receiving.meta.lastIndex) {
      receiving.receiver.abandon(); // Entries came after all, and its last chunk never did.
      this.#receiving = null;
    }
    if (everyBytes > 0 && this.#bytesApplied >= everyBytes) this.#begin();
  }

  /** Takes one now, unless one is being taken; `done` hears when that is durable. */
  take(done: (outcome: AdminOutcome) => void): void {
    this.#waiting.push(done);
    this.#begin();
  }

  /** Answers `Ready.snapshotReads`. */
  read(reads: Ready["snapshotReads"]): void {
    const { storage, onInput } = this.#options;
    for (const { to, lastIndex, offset, bytesMax } of reads) {
      storage.read(lastIndex, offset, bytesMax, (data, total) => {
        const totalBytes = data === null ? 0 : total;
        const at = data === null ? 0 : offset;
        const kind = "snapshotRead";
        onInput({ kind, to, lastIndex, offset: at, totalBytes, data: data ?? NO_BYTES });
      });
    }
  }

  /** Does `Ready.snapshotWrites`. */
  write(writes: Ready["snapshotWrites"]): void {
    if (writes.length === 0) return;
    const { lastIndex: applied } = this.#options.raft.appliedMeta();
    for (const { meta, totalBytes, offset, data } of writes) {
      // In the same turn entries came after all and were applied: it is not wanted any more.
      if (meta.lastIndex <= applied) continue;
      if (offset === 0) this.#receive(meta, totalBytes);
      const receiving = this.#receiving;
      if (offset !== receiving?.received) broken(`chunk at ${offset}, not ${receiving?.received}`);
      if (!receiving.isBad) takeChunk(receiving, data);
      receiving.received += data.length;
      if (receiving.received < totalBytes) continue;
      if (receiving.isBad) this.#refuse(receiving);
      else receiving.receiver.finish((problem) => this.#received(receiving, problem));
    }
  }

  #begin(): void {
    const { raft, machine, storage } = this.#options;
    if (this.#taking !== null || this.#receiving !== null) return;
    this.#bytesApplied = 0;
    const meta = raft.appliedMeta();
    if (meta.lastIndex <= (storage.newest?.meta.lastIndex ?? 0)) {
      return this.#tell("done", "nothing was applied since the last one");
    }
    let sink: SnapshotSink;
    try {
      sink = storage.begin(meta);
    } catch (error) {
      // A disk that refuses a new file is no bug; anything else is.
      if (errorCode(error) === "") throw error;
      return this.#failed(error as Error);
    }
    this.#taking = { sink, reader: machine.beginSnapshot() };
    this.#step(this.#taking, meta);
  }

  #failed(error: Error): void {
    this.#failedInARow++;
    this.#options.onFailed?.(error, this.#failedInARow);
    this.#tell("failed", error.message);
  }

  #step(taking: Taking, meta: SnapshotMeta): void {
    const piece = taking.reader.next(STEP_BYTES);
    if (piece === null) {
      taking.sink.finish((error) => this.#taken(taking, meta, error));
      return;
    }
    taking.sink.write(piece, (error) => {
      if (this.#taking !== taking) return;
      if (error === null) this.#step(taking, meta);
      else this.#taken(taking, meta, error);
    });
  }

  #taken(taking: Taking, meta: SnapshotMeta, error: Error | null): void {
    if (this.#taking !== taking) return;
    this.#taking = null;
    taking.reader.close();
    if (error !== null) return this.#failed(error);
    this.#failedInARow = 0;
    this.#options.onInput({ kind: "snapshotTaken", lastIndex: meta.lastIndex });
    this.#report("taken", meta);
    this.#tell("done", `up to entry ${meta.lastIndex}`);
  }

  #receive(meta: SnapshotMeta, totalBytes: number): void {
    const { machine, storage } = this.#options;
    const restore = machine.beginRestore();
    const receiver = storage.receive(meta, totalBytes, (bytes) => restore.write(bytes));
    this.#receiving = { meta, totalBytes, restore, receiver, received: 0, isBad: false };
    this.#abandonTaking("a leader's snapshot replaces the state");
  }

  #received(receiving: Receiving, problem: string | null): void {
    if (this.#receiving !== receiving) return;
    const { meta, restore } = receiving;
    if (problem !== null) return this.#refuse(receiving);
    this.#receiving = null;
    this.#bytesApplied = 0;
    restore.finish();
    this.#options.onInstalled(meta);
    this.#options.onInput({ kind: "snapshotInstalled", lastIndex: meta.lastIndex });
    this.#report("installed", meta);
  }

  #refuse({ meta }: Receiving): void {
    this.#receiving = null;
    this.#options.onInput({ kind: "snapshotRefused", lastIndex: meta.lastIndex });
  }

  #abandonTaking(reason: string): void {
    if (this.#taking === null) return;
    this.#taking.sink.abandon();
    this.#taking.reader.close();
    this.#taking = null;
    this.#tell("failed", reason);
  }

  #report(kind: SnapshotEvent["kind"], { lastIndex }: SnapshotMeta): void {
    const { storage, onSnapshot } = this.#options;
    onSnapshot({ kind, lastIndex, totalBytes: storage.newest?.totalBytes ?? 0 });
  }

  #tell(outcome: AdminOutcome["outcome"], reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done({ outcome, reason });
  }
}

function takeChunk(receiving: Receiving, data: Uint8Array): void {
  try {
    receiving.receiver.write(data);
  } catch (error) {
    if (!(error instanceof WireError || error instanceof SnapshotFormatError)) throw error;
    receiving.receiver.abandon();
    receiving.isBad = true;
  }
}
