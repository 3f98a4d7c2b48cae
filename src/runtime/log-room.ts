import type { GroupId } from "../lib/ids.ts";
import type { Millis } from "../raft/api.ts";
import type { LogStorage } from "../storage/log-storage.ts";

/** A group of which no snapshot could be had that helps: entries that are not committed yet, or a full disk. */
const RETRY_MS = 1_000;

export type LogRoomOptions = {
  readonly storage: LogStorage;
  /** Of the log that may be kept besides what is being written to. */
  readonly bytesMax: number;
  readonly now: () => Millis;
  /** Takes a snapshot of one group now; `done` hears when it is durable, or cannot be had. */
  readonly takeSnapshot: (group: GroupId, done: () => void) => void;
};

/**
 * Keeps the log of many groups from growing. A group takes a snapshot when it has written enough itself; one
 * that writes little would hold on to the oldest segments, with all that the others wrote there. So such groups
 * are made to take one, one group after the other.
 */
export class LogRoom {
  readonly #options: LogRoomOptions;
  /** Asked since the last pause. */
  readonly #asked = new Set<GroupId>();
  #isTaking = false;
  #nextAt: Millis = 0;

  constructor(options: LogRoomOptions) {
    this.#options = options;
  }

  /** Call it once a turn. */
  turn(): void {
    const { storage, bytesMax, now, takeSnapshot } = this.#options;
    if (this.#isTaking) return;
    const groups = storage.heldBy(bytesMax);
    if (groups.length === 0 || now() < this.#nextAt) return;
    const group = groups.find((id) => !this.#asked.has(id));
    if (group === undefined) {
      this.#asked.clear();
      this.#nextAt = now() + RETRY_MS;
      return;
    }
    this.#asked.add(group);
    this.#isTaking = true;
    takeSnapshot(group, () => (this.#isTaking = false));
  }
}
