import type { Raft } from "../raft/api.ts";
import { ChunkWriter, ReadyHash, type RecordedStart } from "./recording.ts";

/** Takes one chunk, valid during the call; a file appends it. */
export type RecordSink = (chunk: Uint8Array) => void;

/** A turn of so many bytes is written before it ends. */
const CHUNK_BYTES_MAX = 4 << 20;

/**
 * The same core, with all its inputs recorded and a hash of each Ready, so that `replay` can give a
 * core the same inputs and compare. `start`: what the core was made from just now. What a pump
 * absorbed and gave out is one chunk; an input that ends the core is recorded still.
 */
export function recordingRaft(raft: Raft, start: RecordedStart, sink: RecordSink): Raft {
  const chunk = new ChunkWriter();
  const hash = new ReadyHash();
  const flush = (): void => sink(chunk.take());
  chunk.start(start);
  flush();
  return {
    step(input, now) {
      chunk.input(input, now);
      try {
        raft.step(input, now);
      } catch (error) {
        flush();
        throw error;
      }
    },
    takeReady() {
      const ready = raft.takeReady();
      chunk.ready(ready === null ? null : hash.add(ready));
      if (ready === null || chunk.bytes > CHUNK_BYTES_MAX) flush();
      return ready;
    },
    deadline: () => raft.deadline(),
    status: () => raft.status(),
    details: () => raft.details(),
    entries: (first, last, bytesMax) => raft.entries(first, last, bytesMax),
    appliedMeta: () => raft.appliedMeta(),
  };
}
