/**
 * Which node a clerk believes to be the leader, and which ones to leave alone for a while. Nodes
 * are named by their index in the cluster's address, times are milliseconds of the caller's clock.
 */
export class LeaderCache {
  readonly #nodes: number;
  readonly #avoidUntil: Float64Array;
  #leader = -1;
  #next = 0;

  constructor(nodes: number) {
    this.#nodes = nodes;
    this.#avoidUntil = new Float64Array(nodes);
  }

  get known(): boolean {
    return this.#leader !== -1;
  }

  /** The node to ask now: the leader, or else the next in turn that is not to be avoided. */
  pick(now: number): number {
    if (this.#leader !== -1) return this.#leader;
    for (let i = 0; i < this.#nodes; i++) {
      const node = (this.#next + i) % this.#nodes;
      if (this.#avoidUntil[node]! > now) continue;
      this.#next = node + 1;
      return node;
    }
    return this.#next++ % this.#nodes;
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
