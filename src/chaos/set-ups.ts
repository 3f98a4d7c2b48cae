import type { LoadShape } from "../workload/spec.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Mixed load on a few keys, so that operations meet: 2,000 operations a second, whatever the
 * cluster does (an open loop does not wait politely while there is no leader). The clients are many
 * enough to keep that up at 60 ms an operation.
 */
export const mixedLoad = (changes: Partial<LoadShape> = {}): LoadShape => ({
  clients: 128,
  rate: 2_000,
  arrivals: "poisson",
  connections: 16,
  keys: 64,
  keyDistribution: "uniform",
  valueBytes: 64,
  mix: { get: 0.45, put: 0.35, cas: 0.1, append: 0.1, delete: 0 },
  timeoutMs: 1_000,
  homeShare: 0.25,
  reads: "linearizable",
  ...changes,
});

/** The groups and shards of a scenario. */
export type Sharded = NonNullable<Scenario["cluster"]["sharded"]>;

/**
 * What scenarios of shards have in common, to be spread into one: 4 groups with 12 shards on 5 nodes, a load
 * that 4 groups on a small machine keep up with, 10 s; besides all the rest the versions of keys must be the
 * number of their writes.
 */
export const shardedStore = (
  sharded: Partial<Sharded> = {},
): Pick<
  Scenario,
  "cluster" | "workload" | "durationMs" | "recoverWithinMs" | "expect" | "labs"
> => ({
  cluster: {
    ...{ nodes: 5, storage: "disk" },
    sharded: { shards: 12, groups: 4, replicas: 3, ...sharded },
  },
  workload: mixedLoad({ clients: 32, connections: 4, rate: 500 }),
  durationMs: 10_000,
  recoverWithinMs: 5_000,
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  labs: [{ kind: "versionsCount" }],
});
