/**
 * A history: operations in columns, so that ten million of them fit in memory and sort fast.
 * Operation i is row i of every column. Rows are in order of invocation.
 *
 * Times are ranks: positions in the one log that one recorder wrote, so that they are distinct and
 * no clock is compared with another. `callUs` and `returnUs` are for people and reports only.
 */
export type History = {
  readonly count: number;
  /** OP_GET, OP_PUT, OP_APPEND, OP_DELETE of kv/command.ts, or OP_CAS. */
  readonly op: Uint8Array;
  /** The worker that issued it, at most one at a time; a new number after each info. */
  readonly process: Int32Array;
  /** Index into `keys`. */
  readonly key: Int32Array;
  readonly outcome: Uint8Array;
  /** Put, append, cas: the argument; get: the value read. Index into `values`; -1: none or absent. */
  readonly value: Int32Array;
  /** Expected version of a versioned put; -1: unconditional. */
  readonly expected: Float64Array;
  /**
   * The value that a cas expects, as in `value`; -1: that the key is absent. Null: nothing here is a
   * cas. One that was refused is OUTCOME_MISMATCH; which value it found then, nobody said.
   */
  readonly expectedValue: Int32Array | null;
  /** Version after it, as the reply said (0: absent); -1: unknown. */
  readonly version: Float64Array;
  /** Log index at which it took effect, as the reply said; 0: unknown. */
  readonly index: Float64Array;
  /** Rank of the invocation, and of the return; NO_RETURN for info. */
  readonly call: Int32Array;
  readonly ret: Int32Array;
  /** Microseconds since the Unix epoch; returnUs is 0 for info. */
  readonly callUs: Float64Array;
  readonly returnUs: Float64Array;
  readonly keys: Names;
  readonly values: Names;
};

/** Interned byte strings, as text: number → name. */
export type Names = { readonly size: number; name(id: number): string };

/**
 * Compare-and-set by value, as other systems' histories have it: sets `value` if the key holds
 * `expectedValue`. Our own store compares versions instead.
 */
export const OP_CAS = 8;

export const OUTCOME_OK = 0;
/** It did not happen. A refused versioned put is OUTCOME_MISMATCH instead: that tells the version. */
export const OUTCOME_FAIL = 1;
/** Versioned put refused: `version` is the key's current version. */
export const OUTCOME_MISMATCH = 2;
/** It may have happened, and may yet. */
export const OUTCOME_INFO = 3;
export const OUTCOME_NAMES = ["ok", "fail", "mismatch", "info"] as const;

export const NO_RETURN = 0x7fff_ffff;
