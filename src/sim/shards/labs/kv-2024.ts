import { OP_GET, OP_PUT } from "../../../kv/command.ts";
import { STATUS } from "../../../wire/errors.ts";
import { keyName } from "../../clients.ts";
import { type Script, sleep, until } from "../../labs/script.ts";
import { reportOf } from "../settle.ts";
import type { ShardLab } from "./lab.ts";
import type { ShardLabScenario } from "./scenario.ts";

const CLERKS = 10;
/** What the lab allows a moved shard's data to take: of 27 keys of 1000 bytes, three replicas. */
const DELETED_BYTES_MAX = 3 * (27 * 1_000 + 6_000 + 6_000);
const SERVED_WITHIN_MS = 30_000;
const BIG_BYTES = 1_000;
const SNAPSHOT = { snapshotEveryBytes: 1_000 };
const base = { lab: "5B-2024", groups: 3, shards: 10, clerks: CLERKS + 1 } as const;
const utf8 = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** Groups come and go while clerks append, with what else happens in between. */
function* churn(lab: ShardLab, between: (lab: ShardLab) => Script): Script {
  yield* lab.join(2);
  const keys = lab.keyPerShard();
  yield* lab.mustAll("append", keys, CLERKS);
  const load = { stopped: false };
  const clerks = lab.appenders(CLERKS, load, (client) => keys[client % keys.length]!);
  yield* sleep(150);
  for (const step of [
    { join: [3] },
    { join: [4] },
    { leave: [2] },
    { leave: [4] },
    { join: [2] },
    { join: [4] },
    { leave: [3] },
  ]) {
    if ("join" in step) yield* lab.join(...step.join!);
    else yield* lab.leave(...step.leave);
    yield* between(lab);
  }
  const isServed = (): boolean => clerks.counts.every((count) => count > 0);
  const served = yield* until(lab.world, SERVED_WITHIN_MS, isServed);
  lab.expect(served, `clerks were served so often: ${clerks.counts.join(" ")}`);
  load.stopped = true;
  yield* lab.await(clerks.tasks);
}

function* restartAll(lab: ShardLab): Script {
  for (const group of lab.cluster.groups) lab.shutdownGroups(group);
  yield* sleep(100);
  lab.startGroups(...lab.cluster.groups);
  yield* sleep(100);
}

const pause = (lab: ShardLab): Script => sleep(100 + lab.random.below(400));

/** All data is at the group, whatever came and went. */
function* joinLeave(lab: ShardLab, after: (lab: ShardLab) => Script): Script {
  yield* lab.join(2);
  const keys = Array.from({ length: 30 }, (_, key) => key);
  yield* lab.mustAll("append", keys);
  yield* lab.join(3);
  yield* lab.mustAll("get", keys);
  yield* lab.mustAll("append", keys);
  yield* lab.leave(2);
  yield* lab.settled();
  yield* lab.mustAll("append", keys);
  // Group 2 has nothing any more: the others do without it.
  lab.shutdownGroups(2);
  yield* lab.mustAll("get", keys);
  lab.startGroups(2);
  yield* after(lab);
  yield* lab.mustAll("get", keys);
}

export const KV_2024: readonly ShardLabScenario[] = [
  {
    ...{ ...base, name: "StaticShards" },
    about: "exactly the shards of the live group answer while the other is dead",
    *script(lab) {
      yield* lab.join(2);
      const { shards } = yield* lab.join(3);
      const keys = lab.keyPerShard();
      yield* lab.mustAll("append", keys);
      lab.shutdownGroups(3);
      const gets = keys.map((key, client) => lab.spawn(lab.call("get", key, client)));
      yield* sleep(2_000);
      for (const [shard, task] of gets.entries()) {
        const isOfLive = shards[shard] === 2;
        const what = `shard ${shard} of group ${shards[shard]} ${task.done ? "answers" : "does not"}`;
        lab.expect(task.done === isOfLive, what);
      }
      lab.startGroups(3);
      yield* lab.await(gets);
      lab.expect(
        gets.every(({ value }) => value === true),
        "a get ended without its value",
      );
    },
  },
  {
    ...{ ...base, name: "Rejection" },
    about: "a server refuses, with wrongShard, what is of a shard that it does not own",
    *script(lab) {
      yield* lab.join(2);
      const { shards } = yield* lab.join(3);
      yield* lab.settled([2, 3]);
      for (const key of lab.keyPerShard()) {
        for (const group of [2, 3]) {
          const isOwner = shards[lab.shardOfKey(key)] === group;
          for (const op of [OP_GET, OP_PUT] as const) {
            const raw = lab.cluster.raw(yield* lab.leader(group), group, {
              ...{ op, flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 },
              ...{ key: utf8.encode(keyName(key)), value: NO_BYTES },
            });
            yield* until(lab.world, 2_000, () => raw.status !== null);
            const isRefused = raw.status === STATUS.wrongShard.code;
            const what = `group ${group} answers status ${raw.status} of key ${keyName(key)}`;
            lab.expect(raw.status !== null && isRefused === !isOwner, what);
          }
        }
      }
    },
  },
  {
    ...{ ...base, name: "JoinLeave" },
    about: "data survives a join, a leave and the shutdown of the group that left",
    script: (lab) => joinLeave(lab, () => sleep(10)),
  },
  {
    ...{ ...base, name: "Snapshot", config: SNAPSHOT },
    about: "data survives joins, leaves and a restart of all groups from their snapshots",
    script: (lab) =>
      joinLeave(lab, function* restart() {
        yield* lab.join(4);
        yield* lab.leave(3);
        yield* lab.join(2);
        yield* lab.settled();
        yield* restartAll(lab);
      }),
  },
  {
    ...{ ...base, name: "MissChange", config: SNAPSHOT },
    about: "servers that were down take every config that they missed, one after the other",
    *script(lab) {
      yield* lab.join(2);
      const keys = Array.from({ length: 20 }, (_, key) => key);
      yield* lab.mustAll("append", keys);
      yield* lab.join(3);
      const late = [2, 3, 4].map((group) => lab.cluster.nodesOf(group)[0]!);
      lab.shutdown(...late);
      yield* lab.join(4);
      yield* lab.leave(2);
      yield* lab.leave(3);
      yield* lab.mustAll("append", keys);
      yield* lab.join(2);
      yield* lab.mustAll("append", keys);
      lab.start(...late);
      const others = [2, 3, 4].map((group) => lab.cluster.nodesOf(group)[1]!);
      lab.shutdown(...others);
      yield* lab.mustAll("append", keys);
      yield* lab.join(3);
      yield* lab.leave(2);
      yield* lab.mustAll("append", keys);
      lab.start(...others);
      yield* lab.mustAll("get", keys);
    },
  },
  {
    ...{ ...base, name: "Concurrent1" },
    about: "10 appenders while groups join and leave, and each server in turn restarts",
    script: (lab) =>
      churn(lab, function* restartOne() {
        const node = lab.random.pick(lab.cluster.groups.flatMap((g) => lab.cluster.nodesOf(g)));
        lab.shutdown(node);
        yield* pause(lab);
        lab.start(node);
      }),
  },
  {
    ...{ ...base, name: "Concurrent2" },
    about: "10 appenders while groups join, leave, and are shut down as a whole",
    script: (lab) =>
      churn(lab, function* downAndUp() {
        yield* pause(lab);
        const group = lab.random.pick(lab.cluster.groups);
        lab.shutdownGroups(group);
        yield* sleep(500);
        lab.startGroups(group);
      }),
  },
  {
    ...{ ...base, name: "Concurrent3", config: SNAPSHOT },
    about: "10 appenders while configs change, and all groups restart at once each time",
    script: (lab) => churn(lab, restartAll),
  },
  {
    ...{ ...base, name: "Unreliable1", unreliable: true },
    about: "joins and leaves over an unreliable network, one clerk: each append once",
    *script(lab) {
      yield* lab.join(2);
      const keys = lab.keyPerShard();
      for (const change of [
        () => lab.join(3, 4),
        () => lab.leave(2),
        () => lab.leave(3),
        () => lab.join(2),
      ]) {
        yield* lab.mustAll("append", keys);
        yield* change();
        yield* lab.mustAll("append", keys);
      }
    },
  },
  {
    ...{ ...base, name: "Unreliable2", unreliable: true },
    about: "10 appenders under churn over an unreliable network: each append once",
    script: (lab) => churn(lab, pause),
  },
  {
    ...{ ...base, name: "Unreliable3", unreliable: true, config: SNAPSHOT },
    about: "the same with restarts and snapshots: linearizable",
    script: (lab) =>
      churn(lab, function* restartOne() {
        const group = lab.random.pick(lab.cluster.groups);
        lab.shutdown(lab.cluster.leaderOf(group) || lab.cluster.nodesOf(group)[0]!);
        yield* pause(lab);
        lab.startGroups(group);
      }),
  },
  {
    ...{ ...base, name: "Challenge1Delete", config: { ...SNAPSHOT, valueBytes: BIG_BYTES } },
    about: "shards that moved are deleted: all servers hold no more than the keys themselves",
    *script(lab) {
      yield* lab.join(2);
      const keys = Array.from({ length: 30 }, (_, key) => key);
      yield* lab.mustAll("put", keys);
      for (let i = 0; i < 3; i++) {
        yield* lab.join(3);
        yield* lab.settled();
        yield* lab.leave(2);
        yield* lab.settled();
        yield* lab.join(2, 4);
        yield* lab.settled();
        yield* lab.leave(3, 4);
        yield* lab.settled();
      }
      lab.expect(
        lab.keysHeld() === keys.length,
        `groups hold ${lab.keysHeld()} keys of ${keys.length}`,
      );
      yield* lab.mustAll("get", keys);
      const bytes = lab.stateBytes();
      lab.expect(
        bytes <= DELETED_BYTES_MAX,
        `state of ${bytes} bytes, ${DELETED_BYTES_MAX} allowed`,
      );
    },
  },
  {
    ...{ ...base, name: "Challenge2Unaffected" },
    about: "shards that stay are served while others wait for a group that is dead",
    *script(lab) {
      yield* lab.join(2);
      const keys = lab.keyPerShard();
      yield* lab.mustAll("append", keys);
      const { shards } = yield* lab.join(3);
      yield* lab.settled([2, 3]);
      lab.shutdownGroups(3);
      yield* lab.leave(3);
      // What was of group 3 is to come to group 2, and cannot. The rest is served as ever.
      const isOfLive = (key: number): boolean => shards[lab.shardOfKey(key)] === 2;
      yield* lab.mustAll("append", keys.filter(isOfLive));
      const waiting = keys.filter((key) => !isOfLive(key));
      const gets = waiting.map((key, client) => lab.spawn(lab.call("get", key, client)));
      yield* sleep(1_000);
      lab.expect(
        gets.every((task) => !task.done),
        "a shard of a dead group is served",
      );
      lab.startGroups(3);
      yield* lab.await(gets);
    },
  },
  {
    ...{ ...base, name: "Challenge2Partial" },
    about: "shards that have arrived are served while others wait for a group that is dead",
    *script(lab) {
      yield* lab.join(2, 3, 4);
      const keys = lab.keyPerShard();
      yield* lab.mustAll("append", keys);
      yield* lab.settled();
      const { shards } = yield* lab.query();
      lab.shutdownGroups(3);
      yield* lab.leave(2, 3);
      // Group 4 gets what was of group 2, and serves it; what was of group 3 is missing.
      yield* lab.mustAll(
        "append",
        keys.filter((key) => shards[lab.shardOfKey(key)] !== 3),
      );
      const wanted = shards.filter((group) => group === 3).length;
      const isMissing = (): boolean => {
        const held = reportOf(lab.cluster, 4)?.shards ?? [];
        const missing = held.filter(({ state }) => state === "arriving").length;
        return missing === wanted && held.length === lab.shards;
      };
      const left = yield* until(lab.world, 5_000, isMissing);
      lab.expect(left, `group 4 has not all but the ${wanted} shards of the dead group`);
      yield* lab.mustAll(
        "append",
        keys.filter((key) => shards[lab.shardOfKey(key)] !== 3),
      );
      lab.startGroups(3);
      yield* lab.settled([4]);
      yield* lab.mustAll("get", keys);
    },
  },
];
