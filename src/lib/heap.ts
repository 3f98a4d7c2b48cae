/**
 * A priority queue of items by time, equal times in the order they came in: a binary heap whose keys
 * are in typed arrays, so that neither `add` nor `take` allocates. About 100 ns each.
 */
export class TimeHeap<T> {
  #times = new Float64Array(256);
  /** Breaks ties. A double counts 2^53 events. */
  #orders = new Float64Array(256);
  #items: (T | undefined)[] = [];
  #size = 0;
  #added = 0;

  get size(): number {
    return this.#size;
  }

  /** When the next item is due; Infinity when there is none. */
  get nextAt(): number {
    return this.#size === 0 ? Infinity : this.#times[0]!;
  }

  /** The next item; undefined when there is none. */
  get next(): T | undefined {
    return this.#items[0];
  }

  add(at: number, item: T): void {
    if (this.#size === this.#times.length) this.#grow();
    const times = this.#times;
    const orders = this.#orders;
    const items = this.#items;
    const order = this.#added++;
    let slot = this.#size++;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      // The new item came last: at an equal time it stays below.
      if (times[parent]! <= at) break;
      times[slot] = times[parent]!;
      orders[slot] = orders[parent]!;
      items[slot] = items[parent];
      slot = parent;
    }
    times[slot] = at;
    orders[slot] = order;
    items[slot] = item;
  }

  /** Removes and returns the next item; undefined when there is none. */
  take(): T | undefined {
    if (this.#size === 0) return undefined;
    const items = this.#items;
    const first = items[0];
    const last = --this.#size;
    if (last > 0) this.#sink(this.#times[last]!, this.#orders[last]!, items[last], last);
    items[last] = undefined;
    return first;
  }

  /** Puts an item where it belongs, from the root down, in a heap of `size`. */
  #sink(at: number, order: number, item: T | undefined, size: number): void {
    const times = this.#times;
    const orders = this.#orders;
    const items = this.#items;
    const isBefore = (a: number, t: number, o: number): boolean =>
      times[a]! < t || (times[a]! === t && orders[a]! < o);
    let slot = 0;
    for (let child = 1; child < size; child = 2 * slot + 1) {
      const right = child + 1;
      if (right < size && isBefore(right, times[child]!, orders[child]!)) child = right;
      if (!isBefore(child, at, order)) break;
      times[slot] = times[child]!;
      orders[slot] = orders[child]!;
      items[slot] = items[child];
      slot = child;
    }
    times[slot] = at;
    orders[slot] = order;
    items[slot] = item;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const orders = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    orders.set(this.#orders);
    this.#times = times;
    this.#orders = orders;
  }
}
