import type { GroupId } from "../lib/ids.ts";
import type { FilePort } from "./file-port.ts";
import type { LogMark } from "./log-storage.ts";
import type { WrittenSegment } from "./recovery.ts";
import { segmentName } from "./segment.ts";
import type { OpenSegment } from "./segment-files.ts";
import type { Spares } from "./spares.ts";

/** The segments of a log that are written to no more, until snapshots cover what they hold. */
export class OldSegments {
  readonly #port: FilePort;
  readonly #dir: string;
  readonly #segments: WrittenSegment[];
  readonly #spares: Spares;
  readonly #onFatal: (error: Error) => void;
  /** Not needed any more, as was known when a record had landed: what comes after it is not durable yet. */
  readonly #going: WrittenSegment[] = [];
  #releasing = false;
  #bytes: number;

  constructor(
    port: FilePort,
    dir: string,
    segments: readonly WrittenSegment[],
    spares: Spares,
    onFatal: (error: Error) => void,
  ) {
    this.#port = port;
    this.#dir = dir;
    this.#segments = [...segments];
    this.#bytes = segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#spares = spares;
    this.#onFatal = onFatal;
  }

  /** Of all their files. */
  get bytes(): number {
    return this.#bytes;
  }

  push({ number, lastIndexes, fileBytes: bytes }: OpenSegment): void {
    this.#segments.push({ path: `${this.#dir}/${segmentName(number)}`, lastIndexes, bytes });
    this.#bytes += bytes;
  }

  /** Groups of which the oldest one holds entries beyond the durable `marks`. */
  heldBy(marks: ReadonlyMap<GroupId, LogMark>): GroupId[] {
    const [oldest] = this.#segments;
    if (oldest === undefined) return [];
    return [...oldest.lastIndexes.keys()].filter((group) => isBeyond(oldest, group, marks));
  }

  /**
   * Lets those go that hold nothing beyond the durable `marks`, the oldest first, each durably before
   * the next: whatever a crash leaves is a log without gaps. The segment after them must hold a durable
   * record. Nothing is written to a spare before its name is durable: under its old one it is still read.
   */
  release(marks: ReadonlyMap<GroupId, LogMark>): void {
    if (marks.size === 0) return;
    for (let [oldest] = this.#segments; oldest !== undefined; [oldest] = this.#segments) {
      if (!isCovered(oldest, marks)) break;
      this.#segments.shift();
      this.#bytes -= oldest.bytes;
      this.#going.push(oldest);
    }
    if (!this.#releasing) this.#releaseNext();
  }

  #releaseNext(): void {
    const oldest = this.#going.shift();
    this.#releasing = oldest !== undefined;
    if (oldest === undefined) return;
    const spare = this.#spares.nameFor(oldest.path, oldest.bytes);
    try {
      if (spare === null) this.#port.unlink(oldest.path);
      else this.#port.rename(oldest.path, spare);
    } catch (error) {
      return this.#onFatal(error as Error);
    }
    this.#port.syncDir(this.#dir, (error) => {
      if (error !== null) return this.#onFatal(error);
      if (spare !== null) this.#spares.add(spare);
      this.#releaseNext();
    });
  }
}

function isCovered(segment: WrittenSegment, marks: ReadonlyMap<GroupId, LogMark>): boolean {
  for (const group of segment.lastIndexes.keys()) {
    if (isBeyond(segment, group, marks)) return false;
  }
  return true;
}

const isBeyond = (
  { lastIndexes }: WrittenSegment,
  group: GroupId,
  marks: ReadonlyMap<GroupId, LogMark>,
): boolean => (lastIndexes.get(group) ?? 0) > (marks.get(group)?.lastIndex ?? 0);
