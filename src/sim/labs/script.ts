import { EVENT, type World } from "../world.ts";

/** A piece of a scenario in virtual time: it yields how many milliseconds it waits. */
export type Script<T = void> = Generator<number, T, void>;

export type Task<T> = { readonly done: boolean; readonly value: T | undefined };

const POLL_MS = 5;

/** Starts a script beside the others. What it throws ends the run. */
export function spawn<T>(world: World, script: Script<T>): Task<T> {
  const task: { done: boolean; value: T | undefined } = { done: false, value: undefined };
  const step = (): void => {
    const { done, value } = script.next();
    if (done === true) {
      task.value = value;
      task.done = true;
    } else {
      world.at(world.now + value, EVENT.phase, 0, step);
    }
  };
  step();
  return task;
}

export function* sleep(ms: number): Script {
  yield ms;
}

/** Waits until `isDone`, for at most `withinMs`. Returns whether it came about. */
export function* until(world: World, withinMs: number, isDone: () => boolean): Script<boolean> {
  const deadline = world.now + withinMs;
  while (!isDone()) {
    if (world.now >= deadline) return false;
    yield POLL_MS;
  }
  return true;
}
