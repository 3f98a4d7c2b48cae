import { CLERK_TIMEOUT_MS, generic, type KvTest, SNAPSHOT_BYTES } from "./kv.ts";
import type { LabGroup, LabScenario } from "./scenario.ts";

/** A row of the labs' matrix of generic tests. */
type Row = Omit<KvTest, "ops"> & {
  readonly name: string;
  readonly about: string;
  readonly servers: number;
};

const UNRELIABLE = { unreliable: true } as const;
const CRASH = { crash: true } as const;
const PARTITIONS = { partitions: true } as const;

/** Lab 4B (4A in 2024): the store without snapshots. */
const PLAIN: readonly Row[] = [
  row("Basic", 1, 5, "one clerk: versions count its puts"),
  row("Concurrent", 5, 5, "five clerks at once"),
  row("Unreliable", 5, 5, "five clerks over an unreliable network", UNRELIABLE),
  row("ManyPartitionsOneClient", 1, 5, "one clerk through partitions", PARTITIONS),
  row("ManyPartitionsManyClients", 5, 5, "five clerks through partitions", PARTITIONS),
  row("PersistOneClient", 1, 5, "one clerk, and all servers die thrice", CRASH),
  row("PersistConcurrent", 5, 5, "five clerks, and all servers die thrice", CRASH),
  row("PersistConcurrentUnreliable", 5, 5, "the same over an unreliable network", {
    ...UNRELIABLE,
    ...CRASH,
  }),
  row("PersistPartition", 5, 5, "partitions, then all servers die", { ...CRASH, ...PARTITIONS }),
  row("PersistPartitionUnreliable", 5, 5, "the same over an unreliable network", {
    ...UNRELIABLE,
    ...CRASH,
    ...PARTITIONS,
  }),
  row("PersistPartitionUnreliableLinearizable", 15, 7, "15 clerks on 100 keys through all of it", {
    ...{ ...UNRELIABLE, ...CRASH, ...PARTITIONS },
    randomKeys: true,
  }),
];

/** Lab 4C (4B in 2024): the store with a snapshot every 1000 bytes. */
const COMPACTED: readonly Row[] = [
  row("SnapshotRecover", 1, 5, "one clerk, and all servers die thrice", CRASH),
  row("SnapshotRecoverManyClients", 20, 5, "20 clerks, and all servers die thrice", CRASH),
  row("SnapshotUnreliable", 5, 5, "five clerks over an unreliable network", UNRELIABLE),
  row("SnapshotUnreliableRecover", 5, 5, "the same, and all servers die thrice", {
    ...UNRELIABLE,
    ...CRASH,
  }),
  row("SnapshotUnreliableRecoverConcurrentPartition", 5, 5, "the same with partitions", {
    ...{ ...UNRELIABLE, ...CRASH, ...PARTITIONS },
  }),
  row(
    "SnapshotUnreliableRecoverConcurrentPartitionLinearizable",
    15,
    7,
    "15 clerks on 100 keys through all of it",
    { ...UNRELIABLE, ...CRASH, ...PARTITIONS, randomKeys: true },
  ),
];

/** The generic tests of the KV labs: with versioned puts (2025), and with put and append (2024). */
export const KV_MATRIX: readonly LabScenario[] = [
  ...PLAIN.map((each) => scenarioOf(each, "4B", "versioned", 0)),
  ...COMPACTED.map((each) => scenarioOf(each, "4C", "versioned", SNAPSHOT_BYTES)),
  ...PLAIN.map((each) => scenarioOf(each, "2024", "append", 0)),
  ...COMPACTED.map((each) => scenarioOf(each, "2024", "append", SNAPSHOT_BYTES)),
];

function row(
  name: string,
  clerks: number,
  servers: number,
  about: string,
  conditions: Partial<KvTest> = {},
): Row {
  return { name, clerks, servers, about, ...conditions };
}

function scenarioOf(
  { name, about, servers, ...test }: Row,
  lab: LabGroup,
  ops: KvTest["ops"],
  snapshotEveryBytes: number,
): LabScenario {
  const log = snapshotEveryBytes > 0 ? "; the log stays below 8000 bytes" : "";
  const what = ops === "append" ? "; each append is there once, in order" : "";
  return {
    ...{ name, lab, servers, about: `${about}${what}${log}` },
    ...(test.unreliable === true && { weather: { unreliable: true } }),
    config: { clients: test.clerks, timeoutMs: CLERK_TIMEOUT_MS, snapshotEveryBytes },
    script: (each) => generic(each, { ...test, ops }),
  };
}
