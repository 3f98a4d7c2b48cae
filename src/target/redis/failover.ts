import { majoritySize } from "../../fault/resolve.ts";
import { nowUs } from "../external/cluster.ts";
import { ask, askReplication, isPonging } from "./ask.ts";

const ROUND_MS = 100;
const ASK_WITHIN_MS = 250;
/** A primary that most watchers have missed for so long is replaced. */
const DOWN_AFTER_MS = 600;

/** What the controller sees of the cluster. Node ids from 1. */
export type FailoverView = {
  readonly nodeIds: readonly number[];
  /** Where `from` reaches `to`: through their link; where anybody reaches a node on its own host. */
  linkPort(from: number, to: number): number;
  localPort(id: number): number;
  isRunning(id: number): boolean;
  /** A node was made the primary in the place of another. */
  onPromoted(node: number, atUs: number): void;
};

/**
 * The failover of a Redis cluster, in the manner of Redis Sentinel: a watcher beside every node pings
 * the primary through that node's own link; when a majority of all watchers has missed it for a
 * while, the replica that has most of the primary's writes, of those that miss it, is promoted, and
 * whoever can be reached from there is told to follow it. Replication stays asynchronous, and
 * nobody tells a primary that is cut off that it is none any more: what it acknowledges is lost.
 */
export class FailoverController {
  readonly #view: FailoverView;
  readonly #loop: Promise<void>;
  #primary = 1;
  #missedSinceMs: number | null = null;
  #stopped = false;

  constructor(view: FailoverView) {
    this.#view = view;
    this.#loop = this.#watch();
  }

  /** Whom nodes are to follow. */
  get primary(): number {
    return this.#primary;
  }

  /** Resolves once it does nothing more. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#loop;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await this.#round();
      await Bun.sleep(ROUND_MS);
    }
  }

  async #round(): Promise<void> {
    const missing = await this.#whoMissesPrimary();
    if (missing.length < majoritySize(this.#view.nodeIds.length)) this.#missedSinceMs = null;
    else if (this.#missedSinceMs === null) this.#missedSinceMs = performance.now();
    else if (performance.now() - this.#missedSinceMs >= DOWN_AFTER_MS) await this.#promote(missing);
    await this.#align();
  }

  /** The nodes whose watchers get no answer from the primary. A watcher stops with its node. */
  async #whoMissesPrimary(): Promise<readonly number[]> {
    const watchers = this.#view.nodeIds.filter(
      (id) => id !== this.#primary && this.#view.isRunning(id),
    );
    const answers = await Promise.all(
      watchers.map((id) => isPonging(this.#view.linkPort(id, this.#primary), ASK_WITHIN_MS)),
    );
    return watchers.filter((_, i) => !answers[i]);
  }

  async #promote(candidates: readonly number[]): Promise<void> {
    const states = await Promise.all(
      candidates.map((id) => askReplication(this.#view.localPort(id), ASK_WITHIN_MS)),
    );
    let best = 0;
    let most = -1;
    for (const [i, id] of candidates.entries()) {
      const offset = states[i]?.offset ?? -1;
      if (offset <= most) continue;
      most = offset;
      best = id;
    }
    if (best === 0) return;
    const atUs = nowUs();
    const said = await ask(this.#view.localPort(best), ["REPLICAOF", "NO", "ONE"], ASK_WITHIN_MS);
    if (!Buffer.isBuffer(said)) return;
    this.#primary = best;
    this.#missedSinceMs = null;
    this.#view.onPromoted(best, atUs);
  }

  /** Tells every node that the primary reaches, and that follows another or none, to follow it. */
  async #align(): Promise<void> {
    const { nodeIds, linkPort, isRunning } = this.#view;
    const others = nodeIds.filter((id) => id !== this.#primary && isRunning(id));
    if (!isRunning(this.#primary)) return;
    await Promise.all(
      others.map(async (id) => {
        const port = linkPort(this.#primary, id);
        const state = await askReplication(port, ASK_WITHIN_MS);
        const wanted = linkPort(id, this.#primary);
        if (state === null || (!state.isPrimary && state.primaryPort === wanted)) return;
        await ask(port, ["REPLICAOF", "127.0.0.1", String(wanted)], ASK_WITHIN_MS);
      }),
    );
  }
}
