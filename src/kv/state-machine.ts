/**
 * What a replica needs of the state it replicates. Deterministic: the same commands in the same
 * order give the same state and the same results on every node.
 */
export type StateMachine = {
  /** Outcome of the last apply or read. One object, reused: read it before the next call. */
  readonly result: Result;
  /**
   * Says that the sound commands at `ats[0, count)` are about to be applied or read. Changes nothing;
   * call it ahead of some dozens of them, so that memory is waited for once and not for each.
   */
  prefetch(view: DataView, ats: Uint32Array, count: number): void;
  /** Applies the command in `bytes[at, end)`, which `problem` has found sound. */
  apply(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void;
  /**
   * What is wrong with the request in `bytes[at, end)`, or null. Asked before anything else: a command
   * in the log must be one that every node can apply.
   */
  problem(bytes: Uint8Array, view: DataView, at: number, end: number): string | null;
  /** Whether a sound request is a read, which never goes into the log. */
  isRead(view: DataView, at: number): boolean;
  /**
   * Answers the read in `bytes[at, end)` from the state as it is, `index` being the last that was
   * applied. Changes nothing.
   */
  read(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void;
  /**
   * Begins a view of the whole state as it is now: what is applied from now on does not show in it.
   * It is read in steps, between which commands are applied as ever. One at a time: ends an earlier
   * one that was not read to its end.
   */
  beginSnapshot(): SnapshotReader;
  /** Begins to build another state beside this one, which stays in use until `finish`. */
  beginRestore(): SnapshotWriter;
};

/** Gives a state as bytes, a step at a time (kv/snapshot-format.ts). */
export type SnapshotReader = {
  /**
   * The next bytes, about `bytesMax` of them (a larger entry comes alone); null: that was all. They
   * stay as they are until the next call, whatever becomes of the state meanwhile.
   */
  next(bytesMax: number): Uint8Array | null;
  /** Gives up: the state machine need not keep the old state any longer. */
  close(): void;
};

/** Takes those bytes, cut anywhere. Bytes that are no snapshot throw SnapshotFormatError. */
export type SnapshotWriter = {
  write(bytes: Uint8Array): void;
  /** Replaces the state, in one step, by what was written, which must be complete. */
  finish(): void;
};

export type Result = {
  /** A status code of wire/errors.ts. */
  status: number;
  /** The key's version afterwards; 0: absent. */
  version: number;
  /** Log index at which it took effect, or was read: an exactly-once retry gives that of the first time. */
  index: number;
  /** Where the value of a get is: valid until the next apply. */
  valueIn: Uint8Array;
  valueAt: number;
  valueBytes: number;
};
