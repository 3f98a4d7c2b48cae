import type { Arena } from "./mutant.ts";

type SimConfig = NonNullable<Extract<Arena, { kind: "sim" }>["config"]>;

// Settings of simulated clusters in which more than one mutant is hunted.

/** Nodes fall behind what snapshots stand for again and again, and messages of before still arrive. */
export const SMALL_SNAPSHOTS: SimConfig = {
  snapshotEveryBytes: 1_000,
  trailingBytes: 0,
  snapshotChunkBytes: 4_096,
  snapshotInflightBytesMax: 4_096,
  link: {
    cut: false,
    loss: 0.02,
    delayMs: 1,
    jitterMs: 3,
    duplicate: 0.2,
    reorder: 0.3,
    reorderWithinMs: 400,
  },
};

/** Elections are many and close, and votes arrive twice. */
export const REPEATED_VOTES: SimConfig = {
  electionTimeoutMinMs: 60,
  heartbeatIntervalMs: 15,
  link: {
    cut: false,
    loss: 0,
    delayMs: 2,
    jitterMs: 6,
    duplicate: 0.5,
    reorder: 0.2,
    reorderWithinMs: 50,
  },
};
