import type { StateMachine } from "../kv/state-machine.ts";
import { ENTRY_HEADER_BYTES } from "../raft/batch.ts";

/** Commands whose keys are looked up ahead of them: what they touch fits in the cache of a core. */
export const PREFETCH_COMMANDS = 64;

/** Prepares for the commands from `at` on, of which there are `count`, or for the first of them. */
export function prefetch(machine: StateMachine, view: DataView, at: number, count: number): void {
  for (let i = Math.min(count, PREFETCH_COMMANDS); i > 0; i--) {
    const start = at + ENTRY_HEADER_BYTES;
    machine.prefetch(view, start);
    at = start + view.getUint32(at, true);
  }
}
