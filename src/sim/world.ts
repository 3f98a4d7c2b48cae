import { TimeHeap } from "../lib/heap.ts";
import { TraceHash } from "./trace-hash.ts";

type Event = { readonly label: number; readonly run: () => void };

/** Kinds of events, as the trace hash tells them apart. */
export const EVENT = {
  frame: 1,
  timer: 2,
  turn: 3,
  disk: 4,
  request: 5,
  response: 6,
  clerk: 7,
  operation: 8,
  action: 9,
  unreachable: 10,
  phase: 11,
} as const;

/**
 * Virtual time: one queue of events, run one after the other. Nothing in a simulation happens but
 * as an event of this queue, and equal times run in the order in which they were asked for, so a
 * run depends on nothing else.
 */
export class World {
  now = 0;
  /** Events run so far. */
  events = 0;
  readonly trace = new TraceHash();
  readonly #queue = new TimeHeap<Event>();

  /** Runs `run` at `at`, or now if that has passed. `kind` of EVENT; `who`: a node or client. */
  at(at: number, kind: number, who: number, run: () => void): void {
    this.#queue.add(at > this.now ? at : this.now, { label: kind * 256 + who, run });
  }

  /** Runs the next event. False: there is none. */
  step(): boolean {
    const at = this.#queue.nextAt;
    const event = this.#queue.take();
    if (event === undefined) return false;
    this.now = at;
    this.events++;
    this.trace.mix(event.label);
    this.trace.mixTime(at);
    event.run();
    return true;
  }
}
