import { type Script, sleep, until } from "../../labs/script.ts";
import { reportOf } from "../settle.ts";
import type { ShardLab } from "./lab.ts";
import type { ShardLabScenario } from "./scenario.ts";

const KEYS = Array.from({ length: 60 }, (_, key) => key);
const CHURN_MS = 6_000;
/** The lab: as many reads of shards that stay within four seconds of churn. */
const READS_MIN = 100;
const PROGRESS_MS = 4_000;
const OWNERS = 4;
const base = { lab: "5-2025", groups: 2, shards: 12, clerks: 12 } as const;

/** One group has everything, and a value for each key. */
function* filled(lab: ShardLab): Script {
  yield* lab.join(2);
  yield* lab.settled();
  yield* lab.mustAll("put", KEYS);
}

/** All groups but the first come and go, a random one at a time. */
function* comeAndGo(lab: ShardLab, load: { readonly stopped: boolean }): Script {
  const present = new Set<number>();
  while (!load.stopped) {
    const group = lab.random.pick(lab.cluster.groups.slice(1));
    if (present.delete(group)) yield* lab.leave(group);
    else {
      present.add(group);
      yield* lab.join(group);
    }
    yield* sleep(lab.random.below(300));
  }
}

/** Clerks at work for a while as 8 groups join and leave. */
function* clerksUnderChurn(lab: ShardLab, clerks: number): Script {
  yield* lab.join(2);
  const keys = lab.keyPerShard();
  const load = { stopped: false };
  const work = lab.appenders(clerks, load, () => lab.random.pick(keys));
  const changes = lab.spawn(comeAndGo(lab, load));
  yield* sleep(CHURN_MS);
  load.stopped = true;
  yield* lab.await([...work.tasks, changes]);
  const served = work.counts.reduce((sum, count) => sum + count, 0);
  lab.expect(served >= clerks, `${served} operations of ${clerks} clerks under churn`);
}

function* manyJoinLeave(lab: ShardLab): Script {
  yield* filled(lab);
  const others = lab.cluster.groups.slice(1);
  for (const group of others) yield* lab.join(group);
  yield* lab.mustAll("get", KEYS);
  yield* lab.settled();
  for (const group of others) yield* lab.leave(group);
  yield* lab.mustAll("get", KEYS);
  yield* lab.settled();
  lab.expect(lab.keysHeld() === KEYS.length, `groups hold ${lab.keysHeld()} keys`);
}

/** The shards of groups that stay as they are when others come and go. */
const unmovedKeys = (lab: ShardLab, before: readonly number[], after: readonly number[]) =>
  KEYS.filter((key) => before[lab.shardOfKey(key)] === after[lab.shardOfKey(key)]);

export const KV_2025: readonly ShardLabScenario[] = [
  {
    ...{ ...base, name: "InitQuery" },
    about: "the first config has all shards at the one group that joined",
    *script(lab) {
      const none = yield* lab.query();
      lab.expect(none.num === 0 && none.groups.length === 0, "there is a group before any joined");
      const { num, shards } = yield* lab.join(2);
      lab.expect(num === 1, `the first config is ${num}`);
      lab.expect(
        shards.every((group) => group === 2),
        `shards are of ${shards}`,
      );
    },
  },
  {
    ...{ ...base, name: "StaticOneShardGroup" },
    about: "reads survive the shutdown of the group's leader; nothing is served without a majority",
    *script(lab) {
      yield* filled(lab);
      const leader = yield* lab.leader(2);
      lab.shutdown(leader);
      yield* lab.mustAll("get", KEYS);
      const second = lab.cluster.nodesOf(2).find((id) => id !== leader)!;
      lab.shutdown(second);
      const get = lab.spawn(lab.call("get", 1));
      yield* sleep(2_000);
      lab.expect(!get.done, "a get is served without a majority");
      lab.start(leader, second);
      yield* lab.await([get]);
      yield* lab.mustAll("get", KEYS);
    },
  },
  {
    ...{ ...base, name: "JoinBasic" },
    about: "a group joins and gets its shards, and all keys are there",
    *script(lab) {
      yield* filled(lab);
      yield* lab.join(3);
      yield* lab.mustAll("get", KEYS);
      yield* lab.settled();
      yield* lab.mustAll("append", KEYS);
      // The old owner is not needed for what the new one has.
      const { shards } = yield* lab.query();
      lab.shutdownGroups(2);
      yield* lab.mustAll(
        "get",
        KEYS.filter((key) => shards[lab.shardOfKey(key)] === 3),
      );
      lab.startGroups(2);
    },
  },
  {
    ...{ ...base, name: "DeleteBasic" },
    about: "what has moved is deleted where it was",
    *script(lab) {
      yield* filled(lab);
      const before = lab.stateBytes();
      yield* lab.join(3);
      yield* lab.settled();
      const kept = reportOf(lab.cluster, 2)!.shards.reduce((sum, { keys }) => sum + keys, 0);
      const { shards } = yield* lab.query();
      const own = KEYS.filter((key) => shards[lab.shardOfKey(key)] === 2).length;
      lab.expect(kept === own, `group 2 has ${kept} keys, of which ${own} are its own`);
      lab.expect(lab.keysHeld() === KEYS.length, `groups hold ${lab.keysHeld()} keys`);
      const after = lab.stateBytes();
      lab.expect(after <= before * 1.5, `state grew from ${before} to ${after} bytes`);
    },
  },
  {
    ...{ ...base, name: "JoinLeaveBasic" },
    about: "a group joins and leaves, and all keys are back",
    *script(lab) {
      yield* filled(lab);
      yield* lab.join(3);
      yield* lab.mustAll("append", KEYS);
      yield* lab.leave(3);
      yield* lab.settled();
      lab.shutdownGroups(3);
      yield* lab.mustAll("get", KEYS);
      lab.startGroups(3);
    },
  },
  {
    ...{ ...base, name: "ManyJoinLeaveReliable", groups: 8 },
    about: "8 groups join and leave, and all keys can be read in between",
    script: manyJoinLeave,
  },
  {
    ...{ ...base, name: "ManyJoinLeaveUnreliable", groups: 8, unreliable: true },
    about: "8 groups join and leave over an unreliable network, and all keys can be read",
    script: manyJoinLeave,
  },
  {
    ...{ ...base, name: "Shutdown", groups: 3 },
    about: "all groups shut down and start again, and all keys are there",
    *script(lab) {
      yield* filled(lab);
      yield* lab.join(3);
      yield* lab.join(4);
      lab.shutdownGroups(...lab.cluster.groups);
      yield* sleep(500);
      lab.startGroups(...lab.cluster.groups);
      yield* lab.mustAll("get", KEYS);
    },
  },
  {
    ...{ ...base, name: "ProgressShutdown", groups: OWNERS },
    about: "keys that stay are read while 2 of 4 joining groups are down",
    *script(lab) {
      yield* filled(lab);
      const before = yield* lab.query();
      lab.shutdownGroups(4, 5);
      const { shards } = yield* lab.join(3, 4, 5);
      // Those of the group that is up arrive; those of groups that are down stay at their old owner.
      yield* lab.mustAll("get", unmovedKeys(lab, before.shards, shards));
      yield* lab.mustAll(
        "get",
        KEYS.filter((key) => shards[lab.shardOfKey(key)] === 3),
      );
      lab.startGroups(4, 5);
      yield* lab.settled();
      yield* lab.mustAll("get", KEYS);
    },
  },
  {
    ...{ ...base, name: "ProgressJoin", groups: OWNERS },
    about: "100 reads of shards that stay, in four seconds of joins and leaves",
    *script(lab) {
      yield* filled(lab);
      const before = yield* lab.join(3);
      yield* lab.settled();
      const after = yield* lab.join(4, 5);
      yield* lab.leave(4, 5);
      const stays = unmovedKeys(lab, before.shards, after.shards);
      const load = { stopped: false };
      const changes = lab.spawn(
        (function* flap(): Script {
          while (!load.stopped) {
            yield* lab.join(4, 5);
            yield* sleep(100);
            yield* lab.leave(4, 5);
            yield* sleep(100);
          }
        })(),
      );
      let reads = 0;
      for (const end = lab.world.now + PROGRESS_MS; lab.world.now < end; reads++) {
        yield* lab.mustAll("get", [lab.random.pick(stays)]);
      }
      load.stopped = true;
      yield* lab.await([changes]);
      lab.expect(reads >= READS_MIN, `${reads} reads in ${PROGRESS_MS} ms`);
    },
  },
  ...([false, true] as const).flatMap((unreliable): ShardLabScenario[] => [
    {
      ...{ ...base, groups: 8, unreliable },
      name: `OneConcurrentClerk${unreliable ? "Unreliable" : "Reliable"}`,
      about: `a clerk at work while 8 groups come and go${unreliable ? ", unreliable" : ""}: linearizable`,
      script: (lab) => clerksUnderChurn(lab, 1),
    },
    {
      ...{ ...base, groups: 8, unreliable },
      name: `ManyConcurrentClerk${unreliable ? "Unreliable" : "Reliable"}`,
      about: `10 clerks at work while 8 groups come and go${unreliable ? ", unreliable" : ""}: linearizable`,
      script: (lab) => clerksUnderChurn(lab, 10),
    },
  ]),
  {
    ...{ ...base, name: "JoinLeave" },
    about: "a change that its controller could not finish is finished by its successor",
    *script(lab) {
      yield* filled(lab);
      lab.shutdownGroups(3);
      const joined = yield* lab.join(3);
      // Nothing can arrive at a group that is down; meanwhile the controller changes hands.
      const leader = yield* lab.leader(1);
      lab.shutdown(leader);
      yield* sleep(1_000);
      const report = reportOf(lab.cluster, 2)!;
      const leaving = report.shards.filter(({ state }) => state === "leaving").length;
      const wanted = joined.shards.filter((group) => group === 3).length;
      lab.expect(leaving === wanted, `${leaving} shards wait to leave, not ${wanted}`);
      yield* lab.mustAll(
        "get",
        KEYS.filter((key) => joined.shards[lab.shardOfKey(key)] === 2),
      );
      lab.startGroups(3);
      yield* lab.settled();
      lab.start(leader);
      yield* lab.mustAll("get", KEYS);
      yield* lab.leave(3);
      yield* lab.settled();
      yield* lab.mustAll("get", KEYS);
    },
  },
  {
    ...{ ...base, name: "RecoverCtrler", groups: 4 },
    about: "controllers are killed as they make changes; each is carried out, or was never made",
    *script(lab) {
      yield* filled(lab);
      for (let round = 0; round < 5; round++) {
        const change = lab.spawn(lab.join(3, 4, 5));
        yield 1 + lab.random.below(15);
        const leader = lab.cluster.leaderOf(1);
        if (leader !== 0) lab.shutdown(leader);
        yield* lab.await([change]);
        yield* lab.settled();
        if (leader !== 0) lab.start(leader);
        yield* lab.mustAll("get", KEYS);
        yield* lab.leave(3, 4, 5);
      }
    },
  },
  ...([false, true] as const).map((unreliable): ShardLabScenario => ({
    ...{ ...base, groups: 6, unreliable },
    name: `Concurrent${unreliable ? "Unreliable" : "Reliable"}`,
    about: `4 controllers change configs at once${unreliable ? ", unreliable" : ""}: all of it is carried out`,
    *script(lab) {
      yield* filled(lab);
      const rounds = [3, 4, 5, 6].map((group) =>
        lab.spawn(
          (function* flap(): Script {
            for (let i = 0; i < 4; i++) {
              yield* lab.join(group);
              yield* lab.leave(group);
            }
            yield* lab.join(group);
          })(),
        ),
      );
      yield* lab.mustAll("append", KEYS);
      yield* lab.await(rounds, 60_000);
      const config = yield* lab.query();
      const ids = config.groups.map(({ id }) => id);
      lab.expect(`${ids}` === "2,3,4,5,6", `groups ${ids} have joined`);
      yield* lab.settled();
      yield* lab.mustAll("get", KEYS);
    },
  })),
  {
    ...{ ...base, name: "PartitionControllerJoin" },
    about: "a controller that is cut off as it makes a change neither loses nor doubles it",
    *script(lab) {
      yield* filled(lab);
      const leader = yield* lab.leader(1);
      const term = lab.cluster.node(leader).status(1)!.term;
      lab.cluster.partition([leader]);
      const change = lab.spawn(lab.join(3));
      yield* lab.await([change]);
      yield* lab.settled();
      lab.cluster.network.heal();
      const isDeposed = (): boolean => (lab.cluster.node(leader).status(1)?.term ?? 0) > term;
      const deposed = yield* until(lab.world, 5_000, isDeposed);
      lab.expect(deposed, "the old controller does not learn that it was deposed");
      const { num } = yield* lab.query();
      lab.expect(num === 2, `config ${num} after two changes`);
      yield* lab.mustAll("get", KEYS);
    },
  },
  ...([false, true] as const).map((unreliable): ShardLabScenario => ({
    ...{ ...base, groups: 4, unreliable },
    name: `PartitionRecovery${unreliable ? "Unreliable" : "Reliable"}Clerks`,
    about: `clerks at work as one controller after the other is cut off${unreliable ? ", unreliable" : ""}: linearizable`,
    *script(lab) {
      yield* filled(lab);
      const load = { stopped: false };
      const keys = lab.keyPerShard();
      const work = lab.appenders(10, load, () => lab.random.pick(keys));
      const changes = lab.spawn(comeAndGo(lab, load));
      for (let round = 0; round < 4; round++) {
        const leader = yield* lab.leader(1);
        lab.cluster.partition([leader]);
        yield* sleep(800 + lab.random.below(800));
        lab.heal();
        yield* sleep(300);
      }
      const isServed = (): boolean => work.counts.every((count) => count > 0);
      yield* until(lab.world, 30_000, isServed);
      load.stopped = true;
      yield* lab.await([...work.tasks, changes]);
      lab.expect(Math.min(...work.counts) > 0, `clerks were served ${work.counts.join(" ")} times`);
    },
  })),
];
