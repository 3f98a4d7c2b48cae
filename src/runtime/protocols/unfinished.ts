type Begun = { readonly sinceMs: number; bytes: number };

/** Looked at so many times within the limit: an end is late by a part of it. */
const CHECKS = 4;

/**
 * Ends connections on which something has begun, a frame or a line, that does not come whole: of clients that
 * send a byte now and then (slow loris), and of those that are gone without a word. Quiet ones with
 * nothing begun may stay. `C` is a connection.
 */
export class Unfinished<C> {
  readonly #limitMs: number;
  readonly #now: () => number;
  readonly #close: (connection: C, reason: string) => void;
  readonly #begun = new Map<C, Begun>();
  #timer: Timer | null = null;

  /** `now`: milliseconds that only grow. */
  constructor(limitMs: number, now: () => number, close: (connection: C, reason: string) => void) {
    this.#limitMs = limitMs;
    this.#now = now;
    this.#close = close;
  }

  /** So many bytes came, after which so many are waiting for more. */
  heard(connection: C, bytes: number, waiting: number): void {
    if (waiting === 0) return this.left(connection);
    const begun = this.#begun.get(connection);
    // All that waits was there before or came now: nothing has become whole.
    if (begun !== undefined && waiting === begun.bytes + bytes) {
      begun.bytes = waiting;
      return;
    }
    this.#begun.set(connection, { sinceMs: this.#now(), bytes: waiting });
    this.#timer ??= setInterval(() => this.check(), Math.max(1, this.#limitMs / CHECKS));
  }

  /** It is gone, or has nothing begun. */
  left(connection: C): void {
    this.#begun.delete(connection);
  }

  /** Ends those that are late. */
  check(): void {
    const now = this.#now();
    for (const [connection, { sinceMs, bytes }] of this.#begun) {
      if (now - sinceMs < this.#limitMs) continue;
      this.#begun.delete(connection);
      this.#close(
        connection,
        `${bytes} bytes of what has begun, and not the rest within ${this.#limitMs} ms`,
      );
    }
    if (this.#begun.size === 0) this.stop();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
