import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import type { DiskPoint } from "../storage/volatile-disk.ts";

/**
 * A moment between two effects of a node: what it did before is done, and what is told here is not
 * (`before`), or is as well (`after`). Power can be lost at any of them, and nowhere else.
 */
export type Boundary = {
  readonly node: number;
  /** A change of the disk; a frame that leaves for another node; an answer for a client. */
  readonly effect: DiskPoint | "frame" | "answer";
  /** Of changes of the disk it is always `before`: after one is before the next. */
  readonly side: "before" | "after";
  /** The file or directory; of a frame the kind of its message; of an answer its status. */
  readonly what: string;
  /** The node is starting: it reads what its disk holds. */
  readonly isStarting: boolean;
};

/** Power is lost at a boundary. */
export type PowerCut = {
  /** The node alone, or all that are up. */
  readonly nodes: "one" | "all";
  readonly keeps: PowerLossKeeps;
  /** Virtual ms until those that lost power start again. */
  readonly restartAfterMs: number;
  /** Another number, another choice of what is kept. */
  readonly draw: number;
};

/** A run whose power is cut where no schedule could. */
export type PowerCuts = {
  /** Asked at every boundary of every node whether power is lost there; null: it is not. */
  at(boundary: Boundary): PowerCut | null;
  /**
   * What a node says before it is durable (DUR, QC) is not held against it, only what comes of that.
   * So it is seen whether a cut loses anything, and not just that it could.
   */
  readonly judgesLossOnly: boolean;
};
