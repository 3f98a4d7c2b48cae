/**
 * Things that wait for their time, taken out in the order of their due times, equal ones in the
 * order they came in. Made for arrivals that are nearly in order, as the frames of one link: then
 * `add` and `take` are O(1).
 */
export class DueQueue<T> {
  #items: T[] = [];
  #dues: number[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** When the next item is due; Infinity when there is none. */
  get nextDue(): number {
    return this.#dues[this.#head] ?? Infinity;
  }

  add(due: number, item: T): void {
    let at = this.#items.length;
    if (at === this.#head || this.#dues[at - 1]! <= due) {
      this.#items.push(item);
      this.#dues.push(due);
      return;
    }
    while (at > this.#head && this.#dues[at - 1]! > due) at--;
    this.#items.splice(at, 0, item);
    this.#dues.splice(at, 0, due);
  }

  /** The next item due at `now` or before; undefined when there is none. */
  take(now: number): T | undefined {
    if (this.nextDue > now) return undefined;
    const item = this.#items[this.#head++]!;
    if (this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#dues.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#dues = [];
    this.#head = 0;
  }
}
