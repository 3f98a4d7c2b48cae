import {
  completed,
  all,
  at,
  crash,
  defineScenario,
  delay,
  during,
  every,
  faultHit,
  halves,
  heal,
  isolate,
  leaderDeposed,
  loss,
  majority,
  mixedLoad,
  node,
  okDuring,
  randomSplit,
  type Scenario,
  seconds,
  snapshotInstalled,
  type Step,
} from "../../src/chaos/dsl.ts";

/**
 * The KV labs of MIT 6.5840 on real processes (docs/labs.md): the same matrix as in the simulator
 * (src/sim/labs/kv-matrix.ts), with load through every fault, and a verdict that is never assumed.
 */

/** What an entry takes in a log, its value aside, at most. */
const ENTRY_BYTES = 64;
const VALUE_BYTES = 64;
/** The labs take 1000 bytes, and allow a log of 8 times as much. */
const SNAPSHOT_BYTES = 8_192;
const DURATION_MS = seconds(6);

type Edition = "4b" | "4c" | "2024";
type Row = {
  readonly name: string;
  readonly about: string;
  readonly clients: number;
  readonly nodes: number;
  readonly unreliable?: boolean;
  readonly crash?: boolean;
  readonly partitions?: boolean;
  readonly randomKeys?: boolean;
};

const row = (
  name: string,
  clients: number,
  nodes: number,
  about: string,
  conditions: Partial<Row> = {},
): Row => ({ name, clients, nodes, about, ...conditions });

const PLAIN: readonly Row[] = [
  row("basic", 1, 5, "One client: versions count its writes."),
  row("concurrent", 5, 5, "Five clients at once."),
  row("unreliable", 5, 5, "Five clients, frames late and lost.", { unreliable: true }),
  row("partitions-one", 1, 5, "One client through random partitions.", { partitions: true }),
  row("partitions-many", 5, 5, "Five clients through random partitions.", { partitions: true }),
  row("persist-one", 1, 5, "One client, and all nodes die twice.", { crash: true }),
  row("persist-concurrent", 5, 5, "Five clients, and all nodes die twice.", { crash: true }),
  row("persist-unreliable", 5, 5, "The same with frames late and lost.", {
    ...{ unreliable: true, crash: true },
  }),
  row("persist-partition", 5, 5, "Partitions, and all nodes die.", {
    ...{ crash: true, partitions: true },
  }),
  row("persist-partition-unreliable", 5, 5, "The same with frames late and lost.", {
    ...{ unreliable: true, crash: true, partitions: true },
  }),
  row("everything", 15, 7, "15 clients on 100 keys through all of it.", {
    ...{ unreliable: true, crash: true, partitions: true, randomKeys: true },
  }),
];

const COMPACTED: readonly Row[] = [
  row("snapshot-recover", 1, 5, "Snapshots, one client, and all nodes die twice.", {
    crash: true,
  }),
  row("snapshot-recover-many", 20, 5, "Snapshots, 20 clients, and all nodes die twice.", {
    crash: true,
  }),
  row("snapshot-unreliable", 5, 5, "Snapshots, frames late and lost.", { unreliable: true }),
  row("snapshot-unreliable-recover", 5, 5, "The same, and all nodes die twice.", {
    ...{ unreliable: true, crash: true },
  }),
  row("snapshot-partition", 5, 5, "The same with partitions.", {
    ...{ unreliable: true, crash: true, partitions: true },
  }),
  row("snapshot-everything", 15, 7, "15 clients on 100 keys through all of it.", {
    ...{ unreliable: true, crash: true, partitions: true, randomKeys: true },
  }),
];

/** Requests and replies are late by up to 26 ms, and one of ten is lost. */
const UNRELIABLE = [loss(all, 0.1), delay(all, 0, 26)] as const;

function faultsOf({ unreliable, crash: crashes, partitions }: Row): readonly Step[] {
  const weather = unreliable === true ? UNRELIABLE : [];
  const split: readonly Step[] = [
    ...weather.map((fault) => at(0, fault)),
    at(0, randomSplit),
    at(950, heal),
  ];
  const steps: Step[] = [];
  if (partitions === true) {
    steps.push(every({ everyMs: 1_100, fromMs: 1_500, toMs: 4_800 }, ...split));
  } else {
    steps.push(...weather.map((fault) => at(1_500, fault)));
  }
  if (crashes === true) {
    for (const fromMs of [2_200, 4_300]) steps.push(during(fromMs, fromMs + 700, crash(all)));
  }
  return steps;
}

function matrixOf(edition: Edition, rows: readonly Row[], snapshotEveryBytes: number): Scenario[] {
  const isAppend = edition === "2024";
  return rows.map((each) => {
    const { name, about, clients, nodes, crash: crashes, partitions, unreliable } = each;
    const sized = snapshotEveryBytes > 0;
    return defineScenario({
      name: `mit-${edition}-${name}`,
      about,
      tags: ["mit"],
      cluster: { nodes, storage: "disk", ...(sized && { snapshotEveryBytes }) },
      workload: load(isAppend, clients, each.randomKeys === true ? 100 : isAppend ? clients : 1),
      durationMs: DURATION_MS,
      faults: faultsOf(each),
      recoverWithinMs: seconds(5),
      expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
      labs: [{ kind: "versionsCount" }, ...(sized ? [logAtMost(8 * snapshotEveryBytes)] : [])],
      aim: [
        completed(50),
        ...(crashes === true ? [faultHit("crash", 2), leaderDeposed(1)] : []),
        ...(partitions === true ? [faultHit("partition", 3)] : []),
        ...(unreliable === true ? [faultHit("loss"), faultHit("delay")] : []),
      ],
    });
  });
}

/**
 * A closed loop, as the labs' clerks; those that append start 300 operations a second at most, for what they read
 * grows with each.
 */
const load = (isAppend: boolean, clients: number, keys: number) =>
  mixedLoad({
    ...{ clients, keys, connections: clients, valueBytes: isAppend ? 8 : VALUE_BYTES },
    rate: isAppend ? 300 : null,
    timeoutMs: 3_000,
    mix: isAppend
      ? { get: 0.4, put: 0, cas: 0, append: 0.6, delete: 0 }
      : { get: 0.4, put: 0, cas: 0.6, append: 0, delete: 0 },
  });

const logAtMost = (bytes: number) =>
  ({ kind: "logAtMost", bytes, entryBytes: ENTRY_BYTES + VALUE_BYTES }) as const;

const ALONE = {
  tags: ["mit"],
  durationMs: DURATION_MS,
  recoverWithinMs: seconds(3),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
} as const;

/** 1000 operations in 33.3 s at most, one after the other. */
const speed = (edition: Edition, snapshotEveryBytes: number): Scenario =>
  defineScenario({
    ...ALONE,
    name: `mit-${edition}-speed`,
    about: "One client, one operation after the other: three in the time between heartbeats.",
    cluster: {
      ...{ nodes: 3, storage: "disk" },
      ...(snapshotEveryBytes > 0 && { snapshotEveryBytes }),
    },
    workload: {
      ...load(edition === "2024", 1, 1),
      rate: null,
      mix:
        edition === "2024"
          ? { get: 0, put: 0, cas: 0, append: 1, delete: 0 }
          : { get: 0, put: 0, cas: 1, append: 0, delete: 0 },
    },
    faults: [],
    labs: [{ kind: "versionsCount" }, { kind: "meanAtMost", ms: 33.3 }],
    aim: [completed(50)],
  });

const onePartition = (edition: Edition): Scenario =>
  defineScenario({
    ...ALONE,
    name: `mit-${edition}-one-partition`,
    about:
      "The majority serves while the leader is cut off; without a majority nobody is served, and all are within 3 s of its return.",
    cluster: { nodes: 5, storage: "disk" },
    workload: { ...load(edition === "2024", 5, 5), timeoutMs: 8_000 },
    faults: [during(1_500, 3_300, halves("minority")), during(3_800, 5_600, isolate(majority))],
    labs: [{ kind: "versionsCount" }, { kind: "blockedDuring", fault: "isolate", afterMs: 0 }],
    aim: [leaderDeposed(1), okDuring("partition", 20), faultHit("isolate")],
  });

/** Every edition of the KV labs, and what stands for itself in them. */
export default [
  ...matrixOf("4b", PLAIN, 0),
  speed("4b", 0),
  onePartition("4b"),
  ...matrixOf("4c", COMPACTED, SNAPSHOT_BYTES),
  speed("4c", SNAPSHOT_BYTES),
  defineScenario({
    ...ALONE,
    name: "mit-4c-snapshot-rpc",
    about: "A node that missed far more than the log keeps gets a snapshot, and is needed at once.",
    cluster: { nodes: 3, storage: "disk", snapshotEveryBytes: SNAPSHOT_BYTES },
    workload: load(false, 5, 50),
    faults: [during(1_500, 3_500, crash(node(3))), during(4_200, 5_600, crash(node(2)))],
    labs: [{ kind: "versionsCount" }, logAtMost(8 * SNAPSHOT_BYTES)],
    aim: [snapshotInstalled(1), okDuring("crash", 100), faultHit("crash", 2)],
  }),
  ...matrixOf("2024", PLAIN, 0),
  ...matrixOf("2024", COMPACTED, SNAPSHOT_BYTES),
  speed("2024", 0),
  onePartition("2024"),
  defineScenario({
    ...ALONE,
    name: "mit-2024-unreliable-one-key",
    about: "Five clients append to one key while frames are late and lost: each is there once.",
    cluster: { nodes: 3, storage: "disk" },
    workload: { ...load(true, 5, 1), rate: 60 },
    faults: UNRELIABLE.map((fault) => at(1_500, fault)),
    labs: [{ kind: "versionsCount" }],
    aim: [completed(50), faultHit("loss"), faultHit("delay")],
  }),
];
