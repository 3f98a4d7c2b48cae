import type { GroupId, LogIndex } from "../lib/ids.ts";
import type { FilePort } from "./file-port.ts";
import type { LogMark } from "./log-storage.ts";
import type { WrittenSegment } from "./recovery.ts";
import { segmentName } from "./segment.ts";
import type { OpenSegment } from "./segment-files.ts";

/** The segments of a log that are written to no more, until snapshots cover what they hold. */
export class OldSegments {
  readonly #port: FilePort;
  readonly #dir: string;
  readonly #segments: WrittenSegment[];
  readonly #onFatal: (error: Error) => void;
  #deleting = false;

  constructor(
    port: FilePort,
    dir: string,
    segments: readonly WrittenSegment[],
    onFatal: (error: Error) => void,
  ) {
    this.#port = port;
    this.#dir = dir;
    this.#segments = [...segments];
    this.#onFatal = onFatal;
  }

  push({ number, lastIndexes }: OpenSegment): void {
    this.#segments.push({ path: `${this.#dir}/${segmentName(number)}`, lastIndexes });
  }

  /**
   * Deletes those that hold nothing beyond the durable `marks`, the oldest first, each durably before
   * the next: whatever a crash leaves is a log without gaps.
   */
  release(marks: ReadonlyMap<GroupId, LogMark>): void {
    const [oldest] = this.#segments;
    if (
      marks.size === 0 ||
      this.#deleting ||
      oldest === undefined ||
      !isCovered(oldest.lastIndexes, marks)
    )
      return;
    this.#segments.shift();
    this.#deleting = true;
    try {
      this.#port.unlink(oldest.path);
    } catch (error) {
      return this.#onFatal(error as Error);
    }
    this.#port.syncDir(this.#dir, (error) => {
      if (error !== null) return this.#onFatal(error);
      this.#deleting = false;
      this.release(marks);
    });
  }
}

function isCovered(
  lastIndexes: ReadonlyMap<GroupId, LogIndex>,
  marks: ReadonlyMap<GroupId, LogMark>,
): boolean {
  for (const [group, index] of lastIndexes) {
    if (index > (marks.get(group)?.lastIndex ?? 0)) return false;
  }
  return true;
}
