import { EVENT, type World } from "../world.ts";

/** What one core spends, virtual milliseconds. */
export type CpuCosts = {
  /** On a client's request, from its bytes to its answer: decoding, proposing, applying. */
  readonly request: number;
  /** On a message of a peer, and on each entry that it carries: checking, storing, applying. */
  readonly message: number;
  readonly entry: number;
  /** On the end of a write to disk, and on a timer. */
  readonly disk: number;
  readonly timer: number;
  /** Once a turn of the event loop: sockets, the write of the log. */
  readonly turn: number;
};

/**
 * The one core of a node: what arrives while it is busy waits, and is then done in one turn of its
 * event loop. What a turn brings about shows when the turn has ended.
 */
export class Cpu {
  readonly #world: World;
  readonly #node: number;
  readonly #costs: CpuCosts;
  readonly #run: (works: readonly (() => void)[]) => void;
  #waiting: (() => void)[] = [];
  #waitingMs = 0;
  #isBusy = false;
  /** Goes up when the process ends: what it was doing comes to nothing. */
  #epoch = 0;
  /** So much of its time went into turns. */
  busyMs = 0;

  constructor(
    world: World,
    node: number,
    costs: CpuCosts,
    run: (works: readonly (() => void)[]) => void,
  ) {
    this.#world = world;
    this.#node = node;
    this.#costs = costs;
    this.#run = run;
  }

  add(kind: keyof CpuCosts, entries: number, work: () => void): void {
    this.#waiting.push(work);
    this.#waitingMs += this.#costs[kind] + entries * this.#costs.entry;
    if (!this.#isBusy) this.#begin();
  }

  reset(): void {
    this.#epoch++;
    this.#waiting = [];
    this.#waitingMs = 0;
    this.#isBusy = false;
  }

  #begin(): void {
    const works = this.#waiting;
    const costMs = this.#waitingMs + this.#costs.turn;
    const epoch = this.#epoch;
    this.#waiting = [];
    this.#waitingMs = 0;
    this.#isBusy = true;
    this.busyMs += costMs;
    this.#world.at(this.#world.now + costMs, EVENT.turn, this.#node, () => {
      if (epoch !== this.#epoch) return;
      this.#isBusy = false;
      this.#run(works);
      if (!this.#isBusy && this.#waiting.length > 0) this.#begin();
    });
  }
}
