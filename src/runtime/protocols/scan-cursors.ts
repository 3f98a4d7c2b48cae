/** Cursors kept; the oldest goes. */
const CURSORS_MAX = 4096;

/**
 * RESP's cursors are numbers, while a scan of ours goes on from a key. So a node remembers which key each
 * number that it gave out stands for: a cursor counts only on the node that gave it, until it has given
 * CURSORS_MAX later ones.
 */
export class ScanCursors {
  readonly #keys = new Map<string, Uint8Array>();
  #next = 1;

  /** The number to go on from `key` with. */
  give(key: Uint8Array): string {
    const cursor = String(this.#next++);
    this.#keys.set(cursor, key.slice());
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= CURSORS_MAX) break;
      this.#keys.delete(oldest);
    }
    return cursor;
  }

  /** Where to go on; null: it is none of this node's, or was given too long ago. */
  keyOf(cursor: string): Uint8Array | null {
    return this.#keys.get(cursor) ?? null;
  }
}
