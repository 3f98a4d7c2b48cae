import type { NodeId } from "../lib/ids.ts";
import { type Millis, RAFT_DEFAULTS } from "../raft/api.ts";

/** How often a node tells the others that it lives. */
export const ALIVE_EVERY_MS = 100;
/** Election timeouts without a word, after which a node is taken for gone: the longest that a follower waits for its leader. */
const SILENT_TIMEOUTS = 2;

export type LivenessOptions = {
  /** Tells a peer that this node lives. May be lost. */
  readonly tell: (peer: NodeId) => void;
  /** A peer may be gone, or has begun anew: Host.suspect. Again and again while it is silent. */
  readonly suspect: (peer: NodeId) => void;
  readonly electionTimeoutMinMs?: Millis | undefined;
};

/** Who hears of a peer tells what it has to tell then and there, if it is due within so much of the interval. */
const TOGETHER = 0.7;

type Peer = {
  /** Changes whenever its process starts; -1: it was never heard. */
  boot: number;
  heardAt: Millis;
};

/**
 * Which peers live, for all groups of a node at once: the replicas of idle groups exchange nothing by which they
 * could find out (raft/quiesce.ts). It decides nothing: a suspicion makes the groups concerned look for themselves.
 *
 * Sans-I/O: `tick` no later than `deadline`.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  readonly #everyMs: Millis;
  readonly #silentMs: Millis;
  readonly #peers = new Map<NodeId, Peer>();
  #tellAt: Millis;
  #tickedAt: Millis;

  constructor(options: LivenessOptions, now: Millis) {
    const timeoutMs = options.electionTimeoutMinMs ?? RAFT_DEFAULTS.electionTimeoutMinMs;
    this.#options = options;
    this.#everyMs = Math.min(ALIVE_EVERY_MS, timeoutMs / 2);
    this.#silentMs = timeoutMs * SILENT_TIMEOUTS;
    this.#tellAt = this.#tickedAt = now;
  }

  /** Whom to tell and to listen for, from now on. */
  follow(peers: readonly NodeId[], now: Millis): void {
    for (const id of this.#peers.keys()) if (!peers.includes(id)) this.#peers.delete(id);
    for (const id of peers) {
      if (!this.#peers.has(id)) this.#peers.set(id, { boot: -1, heardAt: now });
    }
  }

  /** `from` lives, in the process of that number. Whether a turn is called for. */
  heard(from: NodeId, boot: number, now: Millis): boolean {
    const peer = this.#peers.get(from);
    if (peer === undefined) return false;
    // The nodes tell each other in one burst: one wake-up for all that is heard, instead of one a peer.
    if (now >= this.#tickedAt + this.#everyMs * TOGETHER) this.#tellAt = now;
    const isNew = peer.boot !== boot && peer.boot !== -1;
    peer.boot = boot;
    peer.heardAt = now;
    if (isNew) this.#options.suspect(from);
    return isNew || this.#tellAt <= now;
  }

  deadline(): Millis {
    return this.#tellAt;
  }

  tick(now: Millis): void {
    if (now < this.#tellAt) return;
    // Time in which we did not run is not theirs: what they said meanwhile is still to be read.
    const pauseMs = now - this.#tickedAt - this.#everyMs;
    this.#tickedAt = now;
    this.#tellAt = now + this.#everyMs;
    for (const [id, peer] of this.#peers) {
      if (pauseMs > this.#everyMs) peer.heardAt += pauseMs;
      this.#options.tell(id);
      if (now - peer.heardAt <= this.#silentMs) continue;
      peer.heardAt = now;
      this.#options.suspect(id);
    }
  }
}
