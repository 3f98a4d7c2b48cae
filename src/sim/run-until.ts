import { violated } from "./violation.ts";
import { EVENT, type World } from "./world.ts";

/** How a simulation is run for a while. */
export type Patience = {
  /** Virtual ms between two questions whether it is done. */
  readonly pollMs: number;
  /** A run that does not end is a bug of the simulator or a storm of messages. */
  readonly eventsMax: number;
};

/** Runs events until `isDone`, which is asked every `pollMs`, or until `untilMs`; returns whether it was done. */
export function runUntil(
  world: World,
  { pollMs, eventsMax }: Patience,
  isDone: () => boolean,
  untilMs: number,
): boolean {
  let done = false;
  const pollLater = (): void => {
    world.at(Math.min(untilMs, world.now + pollMs), EVENT.phase, 0, poll);
  };
  const poll = (): void => {
    done = isDone();
    if (!done) pollLater();
  };
  pollLater();
  while (!done && world.step()) {
    if (world.now >= untilMs && !done) return isDone();
    if (world.events > eventsMax) violated("LIVE", `no end after ${eventsMax} events`);
  }
  return done;
}
