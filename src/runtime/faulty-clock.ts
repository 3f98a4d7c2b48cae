import { SkewedClock } from "../lib/skewed-clock.ts";
import type { ClockFault } from "../fault/vocabulary.ts";
import { unreachable } from "../lib/assert.ts";
import type { Clock } from "./clock.ts";
import { onOrders } from "./orders.ts";

/** Faults that last: a node that starts under them has them from the start. */
export type ClockSkew = {
  /** How fast the clock goes; 1: as it should. */
  readonly rate: number;
  /** It goes by jerks of so many milliseconds; 0: evenly. */
  readonly everyMs: number;
};

type WithoutNodes<T> = T extends unknown ? Omit<T, "nodes"> : never;

export type ClockOrder = WithoutNodes<ClockFault> | { readonly kind: "heal" };

/** Node.js and bun take no longer one. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

type Timer = {
  readonly at: number;
  readonly fire: () => void;
  handle: ReturnType<typeof setTimeout> | undefined;
};

/**
 * The clock of a node in a chaos run; the parent orders faults over the pipe. All that the node's core
 * knows of time comes from here. What is not the core's (timeouts of sockets, times in log lines) has
 * the time of the machine. Only a node that is started for that loads this file.
 */
export function openFaultyClock({ rate, everyMs }: ClockSkew): Clock {
  const clock = new FaultyClock();
  if (rate !== 1) clock.obey({ kind: "clockRate", rate });
  if (everyMs > 0) clock.obey({ kind: "clockStrobe", everyMs });
  onOrders<ClockOrder>("clock", (order) => clock.obey(order));
  return clock;
}

export class FaultyClock implements Clock {
  readonly #skewed = new SkewedClock({ rate: 1, offsetMs: 0 });
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#skewed.local(performance.now());
  }

  timer(at: number, fire: () => void): () => void {
    const timer: Timer = { at, fire, handle: undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => {
      clearTimeout(timer.handle);
      this.#timers.delete(timer);
    };
  }

  obey(order: ClockOrder): void {
    const now = performance.now();
    switch (order.kind) {
      case "clockJump":
        this.#skewed.jump(order.ms);
        break;
      case "clockRate":
        this.#skewed.setRate(order.rate, now);
        break;
      case "clockStrobe":
        this.#skewed.strobe(order.everyMs, now);
        break;
      case "heal":
        this.#skewed.heal(now);
        break;
      default:
        return unreachable(order);
    }
    // What they wait for comes at another time now.
    for (const timer of this.#timers) this.#arm(timer);
  }

  #arm(timer: Timer): void {
    clearTimeout(timer.handle);
    const restMs = Math.ceil(this.#skewed.whenLocal(timer.at) - performance.now());
    const delayMs = Math.min(Math.max(0, restMs), TIMEOUT_MS_MAX);
    timer.handle = setTimeout(() => this.#fire(timer), delayMs);
  }

  #fire(timer: Timer): void {
    if (this.now() < timer.at) return this.#arm(timer);
    this.#timers.delete(timer);
    timer.fire();
  }
}
