import type { FileHandle, FilePort } from "./file-port.ts";

/** A change of a file's content that its sync has not made durable yet. */
export type Change = {
  /** Counts all changes of the disk, of contents and names: the order in which they were made. */
  readonly order: number;
  /** Where `bytes` went; `bytes` null: the file got this length. */
  readonly at: number;
  readonly bytes: Uint8Array | null;
  /** A sync failed: the cache still shows the change, but no later sync will write it. */
  lost: boolean;
};

/** A file as the page cache sees it: what the base holds, and the changes since, oldest first. */
export type CachedFile = {
  path: string;
  /** Its name on the base, which lags behind until the directory is synced. */
  basePath: string;
  /** How often it is open; the base has it open once while it is, and whenever it is written. */
  opens: number;
  handle: FileHandle | null;
  changes: Change[];
  /** The base has no name for it any more. */
  isGone: boolean;
};

const SECTOR_BYTES = 512;

type Writer = Pick<FilePort, "write" | "truncate">;

export function applyChange(base: Writer, handle: FileHandle, { at, bytes }: Change): void {
  if (bytes === null) base.truncate(handle, at);
  else base.write(handle, bytes, 0, bytes.length, at);
}

/** Applies those of a change's sectors that `keeps` picks; a change of length counts as one. */
export function applySectors(
  base: Writer,
  handle: FileHandle,
  change: Change,
  keeps: () => boolean,
): void {
  const { at, bytes } = change;
  if (bytes === null) {
    if (keeps()) applyChange(base, handle, change);
    return;
  }
  const end = at + bytes.length;
  for (let from = at; from < end;) {
    const to = Math.min(end, from - (from % SECTOR_BYTES) + SECTOR_BYTES);
    if (keeps()) base.write(handle, bytes, from - at, to - at, from);
    from = to;
  }
}

/**
 * Turns `into`, of which the base filled the first `got` bytes from `position` on, into what the
 * cache holds there. Returns how many bytes there are before the end of the file.
 */
export function overlay(
  changes: readonly Change[],
  into: Uint8Array,
  got: number,
  position: number,
): number {
  if (changes.length === 0) return got;
  const limit = position + into.length;
  into.fill(0, got);
  let end = position + got;
  for (const { at, bytes } of changes) {
    if (bytes === null) {
      end = Math.max(position, Math.min(at, limit));
      into.fill(0, end - position);
      continue;
    }
    const from = Math.max(at, position);
    const to = Math.min(at + bytes.length, limit);
    if (to > from) into.set(bytes.subarray(from - at, to - at), from - position);
    end = Math.max(end, to);
  }
  return end - position;
}

/** The length of a file that has `baseLength` on the base. */
export function cachedLength(changes: readonly Change[], baseLength: number): number {
  let length = baseLength;
  for (const { at, bytes } of changes) {
    length = bytes === null ? at : Math.max(length, at + bytes.length);
  }
  return length;
}
