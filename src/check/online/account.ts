import type { UnknownWrite } from "./outstanding.ts";

/** Unknown writes of one key kept; with more of them the account says nothing any more. */
const UNKNOWN_MAX = 256;

/**
 * Holds the versions of a key that nobody was acknowledged for, and that nothing outstanding can
 * write any more (holes), against the writes whose outcome is unknown: each hole needs a write of
 * its own, sent before the version was over. Holes come in ascending order.
 */
export class Account {
  #unknown: UnknownWrite[] = [];
  /** Holes of which nothing was read. Not more than unknown writes, or `isBalanced` is false. */
  #holes: number[] = [];
  #isLossy = false;

  get unknown(): readonly UnknownWrite[] {
    return this.#unknown;
  }

  /** Unknown writes were forgotten: everything is balanced from now on. */
  get isLossy(): boolean {
    return this.#isLossy;
  }

  /** The outcome of a write is unknown. */
  lost(write: UnknownWrite): void {
    if (this.#isLossy) return;
    this.#unknown.push(write);
    if (this.#unknown.length > UNKNOWN_MAX) this.#giveUp();
  }

  /** Versions from … below `to` are holes of which nothing was read; false: too many. */
  holes(from: number, to: number): boolean {
    if (this.#isLossy || from >= to) return true;
    if (this.#holes.length + to - from > this.#unknown.length) return false;
    for (let version = from; version < to; version++) this.#holes.push(version);
    return this.#isBalanced();
  }

  /**
   * A hole whose content was read, which only writes that `fits` can have left; false: there is
   * none, or it leaves another hole without. When there are several, nobody says which is left
   * for others: the end of what can be told.
   */
  claim(fits: (write: UnknownWrite) => boolean): boolean {
    if (this.#isLossy) return true;
    const candidates = this.#unknown.filter(fits);
    if (candidates.length > 1) this.#giveUp();
    else this.#unknown = this.#unknown.filter((write) => write !== candidates[0]);
    return candidates.length > 0 && this.#isBalanced();
  }

  /**
   * Whether each hole can have a write of its own: one that expected just the version below, which
   * is of no use to another, or else any that expected none. Of those, what was sent in time for a
   * hole was so for the later ones, so that counting suffices.
   */
  #isBalanced(): boolean {
    if (this.#isLossy) return true;
    let needed = 0;
    for (const version of this.#holes) {
      if (this.#unknown.some((write) => write.expected === version - 1)) continue;
      needed++;
      const inTime = this.#unknown.filter((w) => w.expected < 0 && w.floor < version).length;
      if (inTime < needed) return false;
    }
    return true;
  }

  #giveUp(): void {
    this.#isLossy = true;
    this.#unknown = [];
    this.#holes = [];
  }
}
