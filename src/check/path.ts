import type { History } from "../history/op.ts";
import type { Model } from "./model.ts";
import type { Operations } from "./operations.ts";

/** What occurs among the operations of one key: decides which path is tried. */
export type KeyTraits = {
  readonly puts: boolean;
  /** Puts that expect a version, done or refused. */
  readonly versionedPuts: boolean;
  readonly refused: boolean;
  readonly appends: boolean;
  readonly deletes: boolean;
  /** Compare-and-set by value (OP_CAS), done; and refused ones. */
  readonly cas: boolean;
  readonly refusedCas: boolean;
  /** Some reply tells a version. */
  readonly versions: boolean;
  /**
   * No two writes of the key leave the same value, nor one the value it began with; refused ones
   * leave none. Of appends the arguments count.
   */
  readonly uniqueValues: boolean;
};

/** One key of a history as the paths are given it. Places number its operations, in order of call. */
export type KeyHistory = {
  readonly history: History;
  readonly name: string;
  /** What the operations do; the witness verifier and naive search replay the same one. */
  readonly model: Model<number, number>;
  readonly operations: Operations<number>;
  readonly traits: KeyTraits;
  readonly placed: Placed;
  /** Work space by value id (History.values): zero, and left so by whoever writes into it. */
  readonly scratch: Int32Array;
};

/**
 * One key by place instead of by row of the history, for loops over all of its operations: what
 * they read lies together, where rows of one key among those of a thousand lie far apart.
 */
export type Placed = {
  readonly op: Uint8Array;
  readonly outcome: Uint8Array;
  readonly value: Int32Array;
  readonly expectedValue: Int32Array | null;
  /** The same as of the key, but the operations are places. */
  readonly model: Model<number, number>;
  readonly operations: Operations<number>;
};

/**
 * One must come before the other, and why: it had returned before the other was called, or what a
 * read returned (or a write expected) says so.
 */
export type Forced = {
  readonly before: number;
  readonly after: number;
  readonly why: "realTime" | "value";
  /** `before` does not fit after `after`, all else considered: no reply says so by itself. */
  readonly nowhereElse?: true;
};

/** What a near-linear path says of a key; null: not its case, or it cannot tell. Only proposals. */
export type PathVerdict =
  /** Places in an order that isWitness (witness.ts) replays; pending ones may be left out. */
  | { readonly kind: "legal"; readonly witness: Int32Array }
  /**
   * Places that contradict each other, which naive search re-checks (coreAlone, naive.ts); `arrows`
   * are the forced orders that form the contradiction, if the path knows them.
   */
  | {
      readonly kind: "illegal";
      readonly core: readonly number[];
      /** `a read by client 7 returned version 41 after client 3 had already read version 42` */
      readonly sentence: string;
      readonly arrows: readonly Forced[];
    }
  | null;

export type Path = (key: KeyHistory) => PathVerdict;
