import { EVENT, type World } from "../world.ts";

/** What one core spends, virtual milliseconds: on each thing of a kind, and once a turn. */
export type CpuCosts = {
  readonly request: number;
  readonly message: number;
  readonly disk: number;
  readonly timer: number;
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

  add(kind: keyof CpuCosts, work: () => void): void {
    this.#waiting.push(work);
    this.#waitingMs += this.#costs[kind];
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
