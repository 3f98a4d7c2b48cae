import type { Millis } from "../raft/api.ts";
import { ENTRY_HEADER_BYTES } from "../raft/batch.ts";
import type { StateMachine } from "../kv/state-machine.ts";
import type { ReadBatch, ReadCounts } from "./pending.ts";
import type { ClientPort } from "./ports.ts";
import { PREFETCH_COMMANDS, prefetch } from "./prefetch.ts";

/**
 * Reads are served for so long at a stretch, and the rest in later turns: scans that have piled up must not keep a leader
 * from its heartbeats, or from seeing how late it is. Well below an election timeout. Milliseconds.
 */
const STRETCH_MS = 40;

export type ServeRead = ClientPort["request"];

/**
 * Reads that may be served as soon as what they must see is applied, in the order in which they came. They
 * may wait however long: they then see more, not less.
 */
export class ConfirmedReads {
  readonly #machine: StateMachine;
  readonly #now: () => Millis;
  readonly #serve: ServeRead;
  readonly #counts: ReadCounts;
  readonly #batches: ReadBatch[] = [];
  /** Of the first of them: how many are served, and where the next one begins. */
  #served = 0;
  #at = 0;
  #resumeAt: Millis = Infinity;

  constructor(machine: StateMachine, now: () => Millis, counts: ReadCounts, serve: ServeRead) {
    this.#machine = machine;
    this.#now = now;
    this.#counts = counts;
    this.#serve = serve;
  }

  /** When the oldest arrived; Infinity: there is none. */
  get oldestAt(): Millis {
    return this.#batches[0]?.arrivedAt ?? Infinity;
  }

  /** When `serve` must be called again although nothing has happened; Infinity: it need not. */
  get resumeAt(): Millis {
    return this.#resumeAt;
  }

  add(batch: ReadBatch): void {
    this.#batches.push(batch);
  }

  /** Serves those that `appliedIndex` allows, or as many as there is time for. */
  serve(appliedIndex: number): void {
    this.#resumeAt = Infinity;
    let until = Infinity;
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      if (batch.index > appliedIndex) return;
      if (until === Infinity) until = this.#now() + STRETCH_MS;
      while (this.#served < batch.clients.length) {
        this.#serveSome(batch);
        const now = this.#now();
        if (now < until) continue;
        this.#resumeAt = now;
        return;
      }
      this.#batches.shift();
      this.#served = this.#at = 0;
    }
  }

  /** The next ones whose keys are looked up together. */
  #serveSome({ bytes, view, clients, requestIds, byLease }: ReadBatch): void {
    const to = Math.min(clients.length, this.#served + PREFETCH_COMMANDS);
    this.#counts[byLease ? "byLease" : "byRound"] += to - this.#served;
    prefetch(this.#machine, view, this.#at, to - this.#served);
    for (; this.#served < to; this.#served++) {
      const start = this.#at + ENTRY_HEADER_BYTES;
      this.#at = start + view.getUint32(this.#at, true);
      const i = this.#served;
      this.#serve(clients[i]!, requestIds[i]!, bytes, view, start, this.#at);
    }
  }
}
