import { RAFT_DEFAULTS } from "../raft/api.ts";
import type { SimConfig } from "./api.ts";

/** Frames arrive after just so long when chance has no part in it. */
const link = (config: SimConfig, change: Partial<SimConfig["link"]>): SimConfig => ({
  ...config,
  link: { ...config.link, ...change },
});

/**
 * Ways to make a configuration plainer, one thing at a time: a story is easier to read when clocks
 * agree, disks are even and limits are out of reach, unless they are what it is about.
 */
export const calmer: readonly ((config: SimConfig) => SimConfig)[] = [
  (config) => link(config, { loss: 0, duplicate: 0, reorder: 0, jitterMs: 0 }),
  (config) => link(config, { loss: 0 }),
  (config) => link(config, { duplicate: 0 }),
  (config) => link(config, { reorder: 0 }),
  (config) => link(config, { jitterMs: 0 }),
  (config) => ({ ...config, clocks: config.clocks.map(() => ({ rate: 1, offsetMs: 0 })) }),
  (config) => ({ ...config, disk: { ...config.disk, jitterMs: 0 } }),
  (config) => ({ ...config, turnMs: 0 }),
  (config) => ({ ...config, leaseReads: false }),
  (config) => ({ ...config, snapshotEveryBytes: 0 }),
  (config) => ({ ...config, homeShare: 0 }),
  ...(
    [
      "appendBytesMax",
      "inflightMessagesMax",
      "inflightBytesMax",
      "uncommittedBytesMax",
      "trailingBytes",
      "snapshotChunkBytes",
      "snapshotInflightBytesMax",
      "diskStallMs",
      "transferTimeoutMs",
    ] as const
  ).map((key) => (config: SimConfig) => ({ ...config, [key]: RAFT_DEFAULTS[key] })),
];
