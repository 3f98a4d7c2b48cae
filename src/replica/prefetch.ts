import type { StateMachine } from "../kv/state-machine.ts";
import { ENTRY_HEADER_BYTES } from "../raft/batch.ts";

/** Commands whose keys are looked up ahead of them: what they touch fits in the cache of a core. */
export const PREFETCH_COMMANDS = 64;

/** Where they are. Overwritten at each call. */
const ahead = new Uint32Array(PREFETCH_COMMANDS);

/** Prepares for the commands from `at` on, of which there are `count`, or for the first of them. */
export function prefetch(machine: StateMachine, view: DataView, at: number, count: number): void {
  const commands = Math.min(count, PREFETCH_COMMANDS);
  for (let i = 0; i < commands; i++) {
    ahead[i] = at + ENTRY_HEADER_BYTES;
    at += ENTRY_HEADER_BYTES + view.getUint32(at, true);
  }
  machine.prefetch(view, ahead, commands);
}
