import { availableParallelism } from "node:os";
import {
  type CheckOptions,
  type CheckResult,
  closeCheck,
  openCheck,
  type OpenCheck,
} from "../../check/check.ts";
import { type Outcome, search } from "../../check/search.ts";
import type { History } from "../../history/op.ts";
import { ownWorker } from "../../runtime/self.ts";
import { searchJob } from "./search-job.ts";

export type Sharing = {
  /** Workers at most; 1: none. */
  readonly jobs: number;
  /** Each key is searched here first for so long: most end within a fraction of it. */
  readonly tryMs: number;
};

/** What trying may take for all keys. */
const TRY_ALL_MS = 500;
/** What was not searched to its end because another key is in violation. */
const STOPPED: Outcome = { kind: "unknown", limit: "time", prefix: new Int32Array(0) };

/**
 * checkHistory, with the keys that only search can settle shared out to workers, one key each at a
 * time, if there are several that take longer than a worker does to start. They share the memory. A
 * violation stops the others: those before it, one of which would be told instead, once they have
 * taken as long again as the check until then. Throws what checkHistory throws.
 */
export async function checkInWorkers(
  history: History,
  options: CheckOptions,
  { jobs, tryMs }: Sharing = { jobs: availableParallelism(), tryMs: 50 },
): Promise<CheckResult> {
  const startMs = options.now();
  const open = openCheck(history, options);
  if (open.kind !== "open") return open;
  const outcomes = new Map<number, Outcome>();
  const left = jobs < 2 ? [...open.hard] : tryEach(open, outcomes, tryMs);
  if (left.length >= 2) await new Pool(open, outcomes, left, jobs, startMs).run();
  return closeCheck(open, (k) => {
    const { model, operations } = open.keys.at(k);
    return outcomes.get(k) ?? search(model, operations, open.limits);
  });
}

/** Searches each hard key for a moment; returns those that need longer. */
function tryEach(
  { keys, hard, limits }: OpenCheck,
  outcomes: Map<number, Outcome>,
  tryMs: number,
): number[] {
  const endMs = limits.now() + TRY_ALL_MS;
  const left: number[] = [];
  for (const k of hard) {
    const { model, operations } = keys.at(k);
    const deadlineMs = Math.min(limits.deadlineMs, endMs, limits.now() + tryMs);
    const outcome = search(model, operations, { ...limits, deadlineMs });
    if (outcome.kind === "unknown") left.push(k);
    else outcomes.set(k, outcome);
    if (outcome.kind !== "illegal") continue;
    for (const other of hard) if (!outcomes.has(other)) outcomes.set(other, STOPPED);
    return [];
  }
  return left;
}

class Pool {
  readonly #open: OpenCheck;
  readonly #outcomes: Map<number, Outcome>;
  /** Not begun, in order. */
  readonly #queue: number[];
  readonly #jobs: number;
  readonly #startMs: number;
  readonly #running = new Map<number, { readonly worker: Worker; readonly end: () => void }>();

  constructor(
    open: OpenCheck,
    outcomes: Map<number, Outcome>,
    keys: readonly number[],
    jobs: number,
    startMs: number,
  ) {
    this.#open = open;
    this.#outcomes = outcomes;
    this.#queue = [...keys];
    this.#jobs = Math.min(jobs, keys.length);
    this.#startMs = startMs;
  }

  async run(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.#jobs }, () => this.#work()));
    } finally {
      this.#stopFrom(0);
    }
  }

  async #work(): Promise<void> {
    for (let k = this.#queue.shift(); k !== undefined; k = this.#queue.shift()) {
      const outcome = await this.#search(k);
      this.#outcomes.set(k, outcome);
      if (outcome.kind === "illegal") this.#violated(k);
    }
  }

  #violated(k: number): void {
    this.#stopFrom(k + 1);
    const tookMs = this.#open.limits.now() - this.#startMs;
    setTimeout(() => this.#stopFrom(0), Math.ceil(tookMs)).unref();
  }

  /** Ends the search of this key and all after it. */
  #stopFrom(first: number): void {
    while (this.#queue.length > 0 && this.#queue.at(-1)! >= first) {
      this.#outcomes.set(this.#queue.pop()!, STOPPED);
    }
    for (const [k, { end }] of this.#running) if (k >= first) end();
  }

  #search(k: number): Promise<Outcome> {
    const { keys, limits } = this.#open;
    const timeoutMs = Math.max(0, limits.deadlineMs - limits.now());
    const job = searchJob(keys.at(k), timeoutMs, Math.floor(limits.memoryBytes / this.#jobs));
    const worker = ownWorker("search");
    return new Promise<Outcome>((resolve, reject) => {
      this.#running.set(k, { worker, end: () => resolve(STOPPED) });
      worker.onmessage = ({ data }: MessageEvent<Outcome>) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(`the search of a key broke: ${message}`));
      worker.postMessage(job);
    }).finally(() => {
      this.#running.delete(k);
      worker.terminate();
    });
  }
}
