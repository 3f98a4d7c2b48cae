/**
 * Which node a clerk believes to be the leader, and which ones to leave alone for a while. Nodes
 * are named by their index in the cluster's address, times are milliseconds of the caller's clock.
 */
export class LeaderCache {
  readonly #avoidUntil: Float64Array;
  /** Those that may lead; at least one. */
  #members: readonly number[];
  #leader = -1;
  #next = 0;

  constructor(nodes: number) {
    this.#members = Array.from({ length: nodes }, (_, node) => node);
    this.#avoidUntil = new Float64Array(nodes);
  }

  /** Only these may lead from now on: the nodes of a group. */
  restrict(members: readonly number[]): void {
    this.#members = members;
    if (!members.includes(this.#leader)) this.#leader = -1;
  }

  get size(): number {
    return this.#members.length;
  }

  /** The `i`th of them, around and around: for who does not need the leader. */
  member(i: number): number {
    return this.#members[i % this.#members.length]!;
  }

  get known(): boolean {
    return this.#leader !== -1;
  }

  /** The node to ask now: the leader, or else the next in turn that is not to be avoided. */
  pick(now: number): number {
    if (this.#leader !== -1) return this.#leader;
    for (let i = 0; i < this.size; i++) {
      const node = this.member(this.#next + i);
      if (this.#avoidUntil[node]! > now) continue;
      this.#next = (this.#next + i + 1) % this.size;
      return node;
    }
    return this.member(this.#next++);
  }

  /** `node` answered as only a leader does. True when no leader was known until now. */
  confirm(node: number): boolean {
    this.#avoidUntil[node] = 0;
    if (this.#leader !== -1) return false;
    this.#leader = node;
    return true;
  }

  /**
   * `from` is not the leader and names `hint` (-1: nobody). True when that made a leader known. The
   * hint of a follower that has not yet missed a dead leader is ignored while that one is avoided.
   */
  redirect(from: number, hint: number, now: number): boolean {
    if (this.#leader !== -1 && this.#leader !== from) return false;
    const usable = hint !== -1 && hint !== from && this.#avoidUntil[hint]! <= now;
    this.#leader = usable ? hint : -1;
    return usable;
  }

  /** `node` is silent, gone or deposed: do not ask it for `avoidMs` while there are others. */
  lost(node: number, now: number, avoidMs: number): void {
    if (this.#leader === node) this.#leader = -1;
    this.#avoidUntil[node] = now + avoidMs;
  }

  /** A fresh connection to `node`: what was held against it no longer counts. */
  forgive(node: number): void {
    this.#avoidUntil[node] = 0;
  }
}
