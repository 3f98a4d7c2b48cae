import {
  all,
  at,
  completed,
  configChanged,
  crash,
  defineScenario,
  delay,
  during,
  every,
  faultHit,
  heal,
  isolate,
  leader,
  loss,
  mixedLoad,
  randomSplit,
  reshard,
  type Scenario,
  seconds,
  shardedStore,
  shardsMoved,
  someGroupLeader,
  type Step,
} from "../../src/chaos/dsl.ts";

/**
 * The shard labs of MIT 6.5840 on real processes (docs/labs.md), as far as nodes that several groups share can play
 * them: there a group dies as a whole, here its leader does, or all nodes. Load goes on through every
 * fault, and the versions of all keys are counted. The rest is simulated (src/sim/shards/labs).
 */
/** Every client has its sessions before the first fault, on a machine that is busy with other things, too. */
const FROM_MS = seconds(2.5);
/** Requests and replies are late by up to 26 ms, and one of ten is lost. */
const UNRELIABLE = [at(FROM_MS, loss(all, 0.1)), at(FROM_MS, delay(all, 0, 26))] as const;

type Row = {
  readonly name: string;
  readonly about: string;
  readonly clients: number;
  readonly faults: readonly Step[];
  readonly aim?: Scenario["aim"];
  readonly groups?: number;
  readonly snapshots?: boolean;
};

/** Groups come and go, and shards between them. */
const churn = (...between: readonly Step[]): Step =>
  every(
    { everyMs: 1_500, fromMs: FROM_MS, toMs: FROM_MS + 4_000 },
    at(0, reshard("join")),
    at(400, reshard("move")),
    at(800, reshard("leave")),
    ...between,
  );

const ROWS: readonly Row[] = [
  {
    ...{ name: "2024-shards-join-leave", clients: 5 },
    about: "Groups join and leave, and all data is there.",
    faults: [churn()],
  },
  {
    ...{ name: "2024-shards-concurrent", clients: 10 },
    about: "Ten clients while configs change and leaders of groups restart.",
    faults: [churn(during(100, 700, crash(someGroupLeader)))],
    aim: [faultHit("crash", 2)],
  },
  {
    ...{ name: "2024-shards-snapshot", clients: 10, snapshots: true },
    about: "Ten clients while configs change, and all nodes die and come back from snapshots.",
    faults: [churn(during(900, 1_300, crash(all)))],
    aim: [faultHit("crash", 2)],
  },
  {
    ...{ name: "2024-shards-unreliable", clients: 10 },
    about: "Ten clients while configs change, frames late and lost.",
    faults: [churn(), ...UNRELIABLE],
    aim: [faultHit("loss"), faultHit("delay")],
  },
  {
    ...{ name: "2025-shards-many-join-leave", clients: 1, groups: 7 },
    about: "One client as eight groups come and go.",
    faults: [churn(at(1_100, reshard("shuffle")))],
  },
  {
    ...{ name: "2025-shards-concurrent-clerks", clients: 10, groups: 7 },
    about: "Ten clients as eight groups come and go.",
    faults: [churn(at(1_100, reshard("shuffle")))],
  },
  {
    ...{ name: "2025-shards-recover-controller", clients: 5 },
    about: "The controller dies just after it was asked for a change, again and again.",
    faults: [churn(during(10, 390, crash(leader)), during(810, 1_300, crash(leader)))],
    aim: [faultHit("crash", 2)],
  },
  {
    ...{ name: "2025-shards-partition-controller", clients: 5 },
    about: "The controller is cut off just after it was asked for a change, again and again.",
    faults: [churn(during(10, 700, isolate(leader)))],
    aim: [faultHit("isolate", 2)],
  },
  {
    ...{ name: "2025-shards-partition-recovery", clients: 10 },
    about: "Configs change through random partitions, frames late and lost.",
    faults: [churn(at(200, randomSplit), at(1_200, heal)), ...UNRELIABLE],
    aim: [faultHit("partition", 2)],
  },
];

/** The shard labs that real processes can play. */
export default ROWS.map(({ name, about, clients, faults, aim = [], groups = 3, snapshots }) => {
  const store = shardedStore({ groups, idleGroups: 1 });
  return defineScenario({
    ...store,
    name: `mit-${name}`,
    about,
    tags: ["mit"],
    cluster: { ...store.cluster, ...(snapshots === true && { snapshotEveryBytes: 8_192 }) },
    workload: mixedLoad({
      ...{ clients, keys: 60, connections: clients, valueBytes: 64, rate: 300, timeoutMs: 3_000 },
      mix: { get: 0.4, put: 0, cas: 0.3, append: 0.3, delete: 0 },
    }),
    durationMs: FROM_MS + seconds(5.5),
    faults: [...faults],
    aim: [completed(50), configChanged(3), shardsMoved(3), ...aim],
  });
});
