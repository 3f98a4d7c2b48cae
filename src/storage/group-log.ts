import { asIndex, asTerm, NO_NODE, plus } from "../lib/ids.ts";
import type { HardState, Restored } from "../raft/api.ts";
import { lastIndexOf, sliceBatch } from "../raft/batch.ts";
import type { EntryBatch } from "../raft/types.ts";
import { WireError } from "../wire/bytes.ts";

/** One group's state while recovery reads the writes of it, oldest first. */
export class GroupLog {
  #hardState: HardState = { term: asTerm(0), votedFor: NO_NODE };
  readonly #batches: EntryBatch[] = [];

  setHardState(state: HardState): void {
    if (state.term < this.#hardState.term) {
      throw new WireError(`term ${state.term} after term ${this.#hardState.term}`);
    }
    this.#hardState = state;
  }

  /**
   * Takes the next batch that was written; it replaces what was at its first index and beyond (a
   * leader of a later term overwrote it). Throws WireError when it would leave a gap.
   */
  append(batch: EntryBatch): void {
    const batches = this.#batches;
    while (batches.length > 0 && batches[batches.length - 1]!.firstIndex >= batch.firstIndex) {
      batches.pop();
    }
    const last = batches[batches.length - 1];
    const next = last === undefined ? asIndex(1) : plus(lastIndexOf(last), 1);
    if (batch.firstIndex > next) {
      throw new WireError(`entry ${batch.firstIndex} follows entry ${next - 1}`);
    }
    if (last !== undefined && batch.firstIndex < next) {
      const keep = plus(batch.firstIndex, -1);
      batches[batches.length - 1] = sliceBatch(last, last.firstIndex, keep);
    }
    batches.push(batch);
  }

  restored(): Restored {
    return { hardState: this.#hardState, snapshot: null, batches: this.#batches };
  }
}
