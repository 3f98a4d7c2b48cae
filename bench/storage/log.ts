import { asIndex, asNode, asTerm, GROUP_1 } from "../../src/lib/ids.ts";
import { ENTRY_HEADER_BYTES } from "../../src/raft/batch.ts";
import { ENTRY_COMMAND, type EntryBatch } from "../../src/raft/types.ts";
import { diskPort } from "../../src/runtime/disk.ts";
import type { OpenedWal } from "../../src/storage/log-storage.ts";
import { openWal } from "../../src/storage/wal.ts";

/** What the parts of this suite share: logs on the real disk, as a node opens them. */

export const IDENTITY = { clusterId: "bench", nodeId: asNode(1) };

export type OpenLog = OpenedWal & {
  /** Queues `count` entries with these bytes, as encoded by `entriesOf`. */
  append(count: number, bytes: Uint8Array, durable: () => void): void;
};

export function openLog(dir: string): OpenLog {
  const opened = openWal({
    port: diskPort(),
    dir,
    identity: IDENTITY,
    now: () => performance.now(),
    onFatal: (error) => {
      throw error;
    },
  });
  let index = 1;
  let writeSeq = 0;
  return {
    ...opened,
    append(count, bytes, durable) {
      const batch: EntryBatch = {
        firstIndex: asIndex(index),
        term: asTerm(1),
        kind: ENTRY_COMMAND,
        count,
        bytes,
      };
      index += count;
      const write = { writeSeq: ++writeSeq, hardState: null, snapshot: null, batches: [batch] };
      opened.wal.append(GROUP_1, write, durable);
    },
  };
}

/** `count` entries of `size` bytes each, that do not compress and hold no sectors of zeros. */
export function entriesOf(count: number, size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(count * (ENTRY_HEADER_BYTES + size));
  let state = seed | 1;
  for (let i = 0; i < bytes.length; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    bytes[i] = state >>> 24;
  }
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint32(i * (ENTRY_HEADER_BYTES + size), size, true);
  return bytes;
}
