import type { Millis } from "../raft/api.ts";
import type { Clock } from "./clock.ts";

export type TurnLoopOptions = {
  readonly clock: Clock;
  /** When `onDeadline` must next be called. */
  readonly deadline: () => Millis;
  readonly onDeadline: () => void;
  /** Does all that the inputs of a turn call for. */
  readonly pump: () => void;
  /** What a pump or deadline threw: always a bug. Nothing runs after it. */
  readonly onFatal: (error: unknown) => void;
};

/** A timer this late means that the process was stopped, or starved of the processor. */
const LATE_MS = 20;
/** A turn that begins so soon after the one before was not waited for: its requests may have come meanwhile. */
const AT_ONCE_MS = 5;
/** A timer is moved along no more often than this. */
const MOVED_EVERY_MS = 20;

/**
 * Gathers the inputs of one event-loop turn into one pump. Sockets mark the loop dirty; setImmediate
 * runs once, after all the sockets that were ready, and seals what came in: the batch of the turn.
 *
 * The core's deadline moves with every heartbeat, but its timer is moved along only now and then: when it fires
 * too early it is set anew. An idle node is spared that, for to wake it for nothing costs more than to move it.
 */
export class TurnLoop {
  readonly #options: TurnLoopOptions;
  #dirty = false;
  #stopped = false;
  /** Calls the timer off. */
  #stopTimer: (() => void) | null = null;
  #timerAt: Millis = Infinity;
  /** When that was settled. */
  #setAt: Millis = 0;
  /** When the current turn, or else the last one, began; and when the last one ended. */
  #beganAt: Millis = 0;
  #endedAt: Millis = -Infinity;
  #arrivedAt: Millis = 0;
  readonly #turn = (): void => this.#guard(() => this.#runTurn());

  constructor(options: TurnLoopOptions) {
    this.#options = options;
  }

  /**
   * When what this turn takes has arrived, at the earliest: while the turn before went on, if that has
   * just ended; else now. The lag of the loop is part of how long a request waits.
   */
  get arrivedAt(): Millis {
    return this.#arrivedAt;
  }

  /** Arranges for one pump at the end of this turn. */
  markDirty(): void {
    if (this.#dirty || this.#stopped) return;
    this.#dirty = true;
    const now = this.#options.clock.now();
    this.#arrivedAt = now - this.#endedAt < AT_ONCE_MS ? this.#beganAt : now;
    this.#beganAt = now;
    setImmediate(this.#turn);
  }

  stop(): void {
    this.#stopped = true;
    this.#stopTimer?.();
  }

  #runTurn(): void {
    this.#dirty = false;
    this.#options.pump();
    this.#endedAt = this.#options.clock.now();
    this.#arm();
  }

  /** A deadline that came nearer (a candidate became leader) needs an earlier timer. */
  #arm(): void {
    const at = this.#options.deadline();
    if (at === this.#timerAt || at === Infinity) return;
    const now = this.#options.clock.now();
    if (at > this.#timerAt && now < this.#setAt + MOVED_EVERY_MS) return;
    this.#stopTimer?.();
    this.#setAt = now;
    this.#timerAt = at;
    this.#stopTimer = this.#options.clock.timer(at, () => this.#guard(() => this.#onTimer()));
  }

  #onTimer(): void {
    const lateMs = this.#options.clock.now() - this.#timerAt;
    this.#stopTimer = null;
    if (lateMs <= LATE_MS) {
      this.#fire();
      return;
    }
    // After a SIGSTOP the timer comes first, while word from a live leader waits in the sockets: an
    // election on its strength would be for nothing. The second immediate comes after a poll.
    setImmediate(() => setImmediate(() => this.#guard(() => this.#fire())));
  }

  #fire(): void {
    this.#timerAt = Infinity;
    const { clock, deadline, onDeadline } = this.#options;
    if (clock.now() >= deadline()) onDeadline();
    this.#runTurn();
  }

  #guard(body: () => void): void {
    if (this.#stopped) return;
    try {
      body();
    } catch (error) {
      this.stop();
      this.#options.onFatal(error);
    }
  }
}
