import type { GroupId } from "../lib/ids.ts";
import type { LogStorage, LogWrite } from "./log-storage.ts";

/**
 * `--storage memory`: keeps nothing and calls every write durable at once. A node that restarts
 * comes back empty and may vote twice in one term, so it is for measurements, not for data.
 */
export class MemoryLog implements LogStorage {
  readonly pendingBytes = 0;

  append(_group: GroupId, write: LogWrite, durable: (writeSeq: number) => void): void {
    durable(write.writeSeq);
  }

  commit(): void {}

  heldBy(): readonly GroupId[] {
    return [];
  }

  close(): void {}
}
