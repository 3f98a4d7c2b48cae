import type { SkewedClock } from "../lib/skewed-clock.ts";
import { Ended, isOfDisk } from "./node-start.ts";
import { EVENT, type World } from "./world.ts";

/** The node whose process it is. */
export type ProcessOwner = {
  readonly id: number;
  readonly world: World;
  readonly clock: SkewedClock;
  isUp(): boolean;
  /** When it wants to be woken, on its own clock. */
  deadline(): number;
  onDeadline(): void;
  /** It has ended from within; its node then does what a crash does. */
  onStopped(): void;
};

/** What the simulated process of a node is, whatever runs in it: it pauses, has a timer, and may end at any point. */
export class ProcessLife {
  readonly #owner: ProcessOwner;
  #isStarting = false;
  #isPaused = false;
  /** What arrived during a pause. */
  #inbox: (() => void)[] = [];
  #timerAt = Infinity;
  /** Processes that have ended: a timer of one of them is void. */
  #ended = 0;

  constructor(owner: ProcessOwner) {
    this.#owner = owner;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** It opens what its disk holds: not up yet, and going on all the same. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  starting<T>(open: () => T): T {
    this.#isStarting = true;
    const opened = open();
    this.#isStarting = false;
    return opened;
  }

  /** Runs what a process does; it may end on the way. */
  whileUp(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Ended) && !isOfDisk(error)) throw error;
      // A disk that fails outside of the log is an uncaught exception: the process ends as well.
      if (this.#owner.isUp()) this.#owner.onStopped();
    }
  }

  /** A disk without power says so itself; whatever else a process does ends here. */
  checkUp(): void {
    if (!this.#owner.isUp() && !this.#isStarting) throw new Ended();
  }

  /** Ends the process from within: what called for it does not go on. */
  stop(): never {
    if (this.#owner.isUp()) this.#owner.onStopped();
    throw new Ended();
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Once the pause is over. */
  defer(work: () => void): void {
    this.#inbox.push(work);
  }

  resume(): void {
    this.#isPaused = false;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const work of inbox) work();
    this.arm();
  }

  /** It is no more: nothing that it waited for comes. */
  crashed(): void {
    this.#isPaused = false;
    this.#inbox = [];
    this.#timerAt = Infinity;
    this.#ended++;
  }

  /** Its clock was changed: what it waits for comes at another time. */
  clockChanged(): void {
    this.#timerAt = Infinity;
    this.arm();
  }

  /** Sets the timer to the deadline, if that is sooner. */
  arm(): void {
    const { world, clock, id } = this.#owner;
    if (!this.#owner.isUp() || this.#isPaused) return;
    const at = clock.whenLocal(this.#owner.deadline());
    if (at >= this.#timerAt) return;
    this.#timerAt = at;
    const ended = this.#ended;
    world.at(at, EVENT.timer, id, () => {
      if (ended !== this.#ended || at !== this.#timerAt) return;
      this.#timerAt = Infinity;
      if (this.#isPaused) return;
      if (clock.local(world.now) < this.#owner.deadline()) return this.arm();
      this.#owner.onDeadline();
    });
  }
}
