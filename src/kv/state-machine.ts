/**
 * What a replica needs of the state it replicates. Deterministic: the same commands in the same
 * order give the same state and the same results on every node.
 */
export type StateMachine = {
  /** Outcome of the last apply or read. One object, reused: read it before the next call. */
  readonly result: Result;
  /** Applies the command in `bytes[at, end)`, which commandProblem has found sound. */
  apply(bytes: Uint8Array, view: DataView, at: number, end: number, index: number): void;
  /** Answers the get in `bytes[at, end)` from the state as it is. Changes nothing. */
  read(bytes: Uint8Array, view: DataView, at: number, end: number): void;
};

export type Result = {
  /** A status code of wire/errors.ts. */
  status: number;
  /** The key's version afterwards; 0: absent. */
  version: number;
  /** Log index at which it took effect: an exactly-once retry gives that of the first time. */
  index: number;
  /** Where the value of a get is: valid until the next apply. */
  valueIn: Uint8Array;
  valueAt: number;
  valueBytes: number;
};
