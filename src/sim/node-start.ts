import { createStateMachine, type SessionedStore } from "../kv/sessions.ts";
import { UserError } from "../lib/user-error.ts";
import { errorCode, StorageError } from "../storage/storage-error.ts";
import type { NodeStorage, OpenedStorage } from "./node-storage.ts";
import { violated } from "./violation.ts";

/** Few, so that schedules reach the eviction of sessions. */
const SESSIONS_MAX = 64;

/** Unwinds what a process does when it has ended: nothing of it goes on. */
export class Ended extends Error {}

/** An error that a disk gave, or (EPOWER) that there is none any more. */
export const isOfDisk = (error: unknown): boolean =>
  error instanceof UserError || ["EIO", "ENOSPC", "EPOWER"].includes(errorCode(error));

export const emptyMachine = (): SessionedStore => createStateMachine(SESSIONS_MAX);

export type OpenedNode = OpenedStorage & { readonly machine: SessionedStore };

export type Refusal = { readonly refusal: string };

/**
 * What a process does first: opens what its disk holds. It refuses when the disk fails, or is damaged
 * where bits were flipped. A sound one must open: violates RESTART.
 */
export function openNode(id: number, disk: NodeStorage): OpenedNode | Refusal {
  let machine = emptyMachine();
  const opened = openSound(id, disk, () =>
    disk.open(() => {
      // A damaged snapshot may be in it up to where the damage is.
      machine = emptyMachine();
      return machine.beginRestore();
    }),
  );
  return "refusal" in opened ? opened : { ...opened, machine };
}

/** As openNode says, whatever `open` opens of the disk. */
export function openSound<T>(id: number, disk: NodeStorage, open: () => T): T | Refusal {
  try {
    return open();
  } catch (error) {
    disk.kill();
    if (!(error instanceof StorageError) && !isOfDisk(error)) throw error;
    if (error instanceof StorageError && !disk.flipped) {
      violated("RESTART", `node ${id} does not open a sound disk: ${error.problem.what}`);
    }
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
}
