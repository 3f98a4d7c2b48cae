import type { GroupId } from "../lib/ids.ts";
import type { HardState, Millis, SnapshotMeta } from "../raft/api.ts";
import { lastIndexOf } from "../raft/batch.ts";
import type {
  FsyncMode,
  LogMark,
  LogStorage,
  LogWrite,
  OpenedWal,
  SegmentSizes,
  WalOptions,
} from "./log-storage.ts";
import { noteLast } from "./examine.ts";
import { OldSegments } from "./old-segments.ts";
import { RecordWriter } from "./record.ts";
import { recover, type Recovered } from "./recovery.ts";
import {
  createFirstSegment,
  nextSegmentBytes,
  makeSegment,
  openLastSegment,
  type OpenSegment,
  reuseSegment,
  SEGMENT_SIZES,
} from "./segment-files.ts";
import { recordStart } from "./sectors.ts";
import { Spares } from "./spares.ts";
import { usingDirectory } from "./storage-error.ts";
import { SyncChoice } from "./sync-choice.ts";

/** A record takes no further write beyond this size, so that the next ones wait less. */
const RECORD_BYTES_MAX = 4 << 20;
/** Waiting for the sync of a record of this size takes 1 ms; one that is larger is left to a thread. */
const SYNC_NOW_BYTES_MAX = 1 << 20;

type Appended = {
  readonly group: GroupId;
  readonly write: LogWrite;
  readonly bytes: number;
  readonly durable: (writeSeq: number) => void;
};

/**
 * Opens the log in `options.dir`, or begins one. Throws UserError when the directory cannot be used
 * or holds another node's data, StorageError when its data is damaged; both leave it unchanged.
 */
export function openWal(options: WalOptions): OpenedWal {
  const { port, dir, identity, snapshots } = options;
  return usingDirectory(dir, () => {
    port.mkdir(dir);
    const recovered = recover(port, dir, identity, snapshots);
    const { end, groups, report } = recovered;
    const segment =
      end === null
        ? createFirstSegment(port, dir, identity, (options.segmentSizes ?? SEGMENT_SIZES).first)
        : openLastSegment(port, end);
    return { wal: new Wal(options, segment, recovered), groups, report };
  });
}

/**
 * The write-ahead log of a node: one stream of records for all its groups.
 *
 * Group commit: one record is written and synced at a time, and what is appended meanwhile forms the
 * next one. So at most the last record of the log can be torn, which recovery relies on. A record is
 * synced within `commit` while the disk is quick, else away from the event loop (sync-choice.ts).
 *
 * That is `--fsync batch`. With `always` a record takes one write only. With `never` nothing is synced,
 * and a write counts as durable once the kernel has it.
 *
 * A segment goes once all its entries are covered by snapshots, and a later segment holds a record: each
 * segment's first record repeats the hard states and marks of all groups. What goes is used again as
 * a later segment, so that in the long run each byte of the log is written once.
 *
 * A failed write or sync is not tried again: after it the kernel may hold the pages as clean though
 * they never reached the disk ("fsyncgate").
 */
class Wal implements LogStorage {
  readonly #options: WalOptions;
  readonly #fsync: FsyncMode;
  readonly #syncChoice: SyncChoice;
  readonly #segmentSizes: SegmentSizes;
  readonly #record = new RecordWriter();
  #segment: OpenSegment;
  #sequenceNext: number;
  /** The segment after the current one: none yet, being made, or ready. */
  #next: OpenSegment | "preparing" | null = null;

  #waiting: Appended[] = [];
  /** The writes of the record on its way. */
  #flying: readonly Appended[] = [];
  #pendingBytes = 0;
  /** The record on its way is encoded, but waits for a segment to go to. */
  #needsSegment = false;
  #state: "open" | "failed" | "closed" = "open";
  /** Of each group, as of the last record encoded. */
  readonly #hardStates = new Map<GroupId, HardState>();
  readonly #marks: Map<GroupId, LogMark>;
  readonly #spares: Spares;
  readonly #old: OldSegments;

  constructor(options: WalOptions, segment: OpenSegment, recovered: Recovered) {
    this.#options = options;
    this.#fsync = options.fsync ?? "batch";
    this.#syncChoice = new SyncChoice(options.syncNowBytesMax ?? SYNC_NOW_BYTES_MAX);
    this.#segmentSizes = options.segmentSizes ?? SEGMENT_SIZES;
    this.#segment = segment;
    this.#sequenceNext = recovered.sequenceNext;
    this.#marks = new Map(recovered.marks);
    const { port, dir } = options;
    this.#spares = new Spares(port, dir, this.#segmentSizes.max);
    this.#old = new OldSegments(port, dir, recovered.before, this.#spares, (error) =>
      this.#fail(error),
    );
    for (const [group, { hardState, snapshot }] of recovered.groups) {
      this.#hardStates.set(group, hardState);
      if (snapshot !== null) this.#catchUp(group, snapshot);
    }
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** A crash came between a snapshot and its mark, which must be in the log before what follows it. */
  #catchUp(group: GroupId, { lastIndex, lastTerm }: SnapshotMeta): void {
    if ((this.#marks.get(group)?.lastIndex ?? 0) >= lastIndex) return;
    const write = { writeSeq: 0, hardState: null, snapshot: { lastIndex, lastTerm }, batches: [] };
    this.#waiting.push({ group, write, bytes: 0, durable: () => {} });
  }

  append(group: GroupId, write: LogWrite, durable: (writeSeq: number) => void): void {
    let bytes = 0;
    for (const batch of write.batches) bytes += batch.bytes.length;
    this.#pendingBytes += bytes;
    this.#waiting.push({ group, write, bytes, durable });
  }

  heldBy(bytesMax: number): readonly GroupId[] {
    return this.#old.bytes > bytesMax ? this.#old.heldBy(this.#marks) : [];
  }

  commit(): void {
    const isIdle = (): boolean => this.#flying.length === 0 && this.#state === "open";
    // After one that was waited for, what its owners have appended goes to a thread: they could go on
    // for ever. Without syncs each record lands at once, and what is left has nobody else to start it.
    for (let mayWait = true; isIdle() && this.#waiting.length > 0; mayWait = false) {
      this.#encode();
      this.#place(mayWait);
    }
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    // Files with work under way are closed when it ends: their numbers must not be reused before.
    const idle = this.#flying.length === 0 || this.#needsSegment;
    if (idle) this.#options.port.close(this.#segment.file);
    if (this.#next !== null && this.#next !== "preparing") {
      this.#options.port.close(this.#next.file);
    }
  }

  /** Turns waiting writes into the record that flies next. */
  #encode(): void {
    const record = this.#record;
    const bytesMax = this.#fsync === "always" ? 0 : RECORD_BYTES_MAX;
    record.begin();
    let taken = 0;
    for (const { group, write } of this.#waiting) {
      if (taken > 0 && record.length >= bytesMax) break;
      if (write.hardState !== null) {
        record.hardState(group, write.hardState);
        this.#hardStates.set(group, write.hardState);
      }
      if (write.snapshot !== null) {
        record.mark(group, write.snapshot);
        this.#marks.set(group, write.snapshot);
      }
      for (const batch of write.batches) record.batch(group, batch);
      taken++;
    }
    if (taken === this.#waiting.length) {
      this.#flying = this.#waiting;
      this.#waiting = [];
    } else {
      this.#flying = this.#waiting.splice(0, taken);
    }
  }

  /** Writes the record where it belongs, or leaves it until the next segment is ready. */
  #place(mayWait: boolean): void {
    const { fileBytes, offset } = this.#segment;
    if (this.#record.endFrom(offset) > fileBytes && !this.#switchSegment()) {
      this.#needsSegment = true;
      return this.#prepareNext();
    }
    if (this.#write(mayWait)) this.#landed();
    // Early enough to be ready in time, late enough that an idle node does not make one.
    if (this.#segment.offset > this.#segment.fileBytes / 8) this.#prepareNext();
  }

  #switchSegment(): boolean {
    if (this.#next === null || this.#next === "preparing") return false;
    this.#options.port.close(this.#segment.file);
    this.#old.push(this.#segment);
    this.#segment = this.#next;
    this.#next = null;
    // The segments before may go once this record is durable. Marks and terms only repeat here.
    for (const [group, state] of this.#hardStates) this.#record.hardState(group, state);
    for (const [group, mark] of this.#marks) this.#record.mark(group, mark);
    return true;
  }

  /**
   * Writes the record and syncs it, or starts to (if it may not wait). Returns whether it counts as durable already. A
   * record that even an empty segment cannot hold makes its file longer.
   */
  #write(mayWait: boolean): boolean {
    const { port, now } = this.#options;
    const segment = this.#segment;
    const at = recordStart(segment.offset);
    const bytes = this.#record.seal(this.#sequenceNext, segment.salt, at);
    const isUnsynced = this.#fsync === "never";
    const syncNow = !isUnsynced && mayWait && this.#syncChoice.waitFor(bytes.length);
    const startedAt = now();
    try {
      port.write(segment.file, bytes, 0, bytes.length, at);
      if (syncNow) port.syncNow(segment.file);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    segment.offset = at + bytes.length;
    this.#sequenceNext++;
    for (const { group, write } of this.#flying) {
      const last = write.batches.at(-1);
      if (last !== undefined) noteLast(segment.lastIndexes, group, lastIndexOf(last));
    }
    if (isUnsynced) return true;
    if (syncNow) this.#syncChoice.waited(now() - startedAt);
    else port.sync(segment.file, (error) => this.#synced(segment, startedAt, error));
    return syncNow;
  }

  #synced(segment: OpenSegment, startedAt: Millis, error: Error | null): void {
    if (this.#state === "closed") return this.#options.port.close(segment.file);
    if (error !== null) return this.#fail(error);
    this.#syncChoice.wentAway(this.#options.now() - startedAt);
    this.#landed();
    this.commit();
  }

  /** The record is durable: tells its owners. */
  #landed(): void {
    const landed = this.#flying;
    for (const { bytes } of landed) this.#pendingBytes -= bytes;
    this.#old.release(this.#marks);
    if (this.#fsync === "never" || this.#syncChoice.waitFor(this.#pendingBytes)) {
      // It flies until all have heard: the next record might land meanwhile, and overtake it.
      this.#tell(landed);
      this.#flying = [];
      if (this.#state === "closed") this.#options.port.close(this.#segment.file);
    } else {
      // The next one leaves before: the disk stays busy.
      this.#flying = [];
      if (this.#waiting.length > 0) {
        this.#encode();
        this.#place(false);
      }
      this.#tell(landed);
    }
  }

  #tell(landed: readonly Appended[]): void {
    const { together } = this.#options;
    if (together === undefined) this.#tellAll(landed);
    else together(() => this.#tellAll(landed));
  }

  #tellAll(landed: readonly Appended[]): void {
    for (const { write, durable } of landed) {
      if (this.#state !== "open") return;
      durable(write.writeSeq);
    }
  }

  #prepareNext(): void {
    if (this.#next !== null || this.#state !== "open") return;
    this.#next = "preparing";
    const { port, dir, identity } = this.#options;
    const number = this.#segment.number + 1;
    const done = (error: Error | null, segment: OpenSegment | null): void => {
      if (segment === null) this.#fail(error);
      else this.#prepared(segment);
    };
    try {
      const spare = this.#spares.take();
      const isOpen = (): boolean => this.#state === "open";
      if (spare !== null) return reuseSegment(port, dir, identity, number, spare, isOpen, done);
      const fileBytes = nextSegmentBytes(this.#segment, this.#segmentSizes);
      makeSegment(port, dir, identity, number, fileBytes, done);
    } catch (error) {
      this.#fail(error);
    }
  }

  #prepared(segment: OpenSegment): void {
    if (this.#state !== "open") return this.#options.port.close(segment.file);
    this.#next = segment;
    if (!this.#needsSegment) return;
    this.#needsSegment = false;
    this.#place(true);
    this.commit();
  }

  #fail(error: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "failed";
    this.#options.onFatal(error instanceof Error ? error : new Error(String(error)));
  }
}
