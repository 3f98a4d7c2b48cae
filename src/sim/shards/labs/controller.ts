import { NO_GROUP, type ShardConfig } from "../../../kv/shard-config.ts";
import { type Script, sleep } from "../../labs/script.ts";
import type { ShardLab } from "./lab.ts";
import type { ShardLabScenario } from "./scenario.ts";

const CLIENTS = 10;
const base = { lab: "5A-2024", groups: 0, shards: 10 } as const;

/** The groups are those of the config, and each shard has one of them, evenly. */
function check(lab: ShardLab, config: ShardConfig, groups: readonly number[]): void {
  const ids = config.groups.map(({ id }) => id);
  const wanted = [...groups].sort((a, b) => a - b);
  lab.expect(`${ids}` === `${wanted}`, `config ${config.num} has groups ${ids}, not ${wanted}`);
  if (ids.length === 0) {
    const isEmpty = config.shards.every((group) => group === NO_GROUP);
    return lab.expect(isEmpty, "a shard has an owner where there is no group");
  }
  for (const [shard, group] of config.shards.entries()) {
    lab.expect(ids.includes(group), `shard ${shard} is of group ${group}, which is none`);
  }
  const loads = loadsOf(config);
  lab.expect(Math.max(...loads) <= Math.min(...loads) + 1, `loads ${loads} are not even`);
}

const loadsOf = ({ groups, shards }: ShardConfig): readonly number[] =>
  groups.map(({ id }) => shards.filter((group) => group === id).length);

/** No shard goes from one group to another where both stay, but as far as the new ones need it. */
function checkMinimal(lab: ShardLab, before: ShardConfig, after: ShardConfig): void {
  const stays = (id: number): boolean =>
    [before, after].every(({ groups }) => groups.some((group) => group.id === id));
  for (const [shard, from] of before.shards.entries()) {
    const to = after.shards[shard]!;
    const isNeedless = from !== to && stays(from) && stays(to);
    lab.expect(!isNeedless, `shard ${shard} moves from group ${from} to ${to}, which both stay`);
  }
}

/** Every config is still as it was when it came about. */
function* checkHistory(lab: ShardLab, configs: readonly ShardConfig[]): Script {
  for (const config of configs) {
    const now = yield* lab.query(config.num);
    const is = JSON.stringify(now);
    lab.expect(is === JSON.stringify(config), `config ${config.num} is now ${is}`);
  }
}

function* killLeader(lab: ShardLab): Script {
  const leader = yield* lab.leader(1);
  lab.shutdown(leader);
  yield* lab.leader(1);
  lab.start(leader);
}

export const CONTROLLER: readonly ShardLabScenario[] = [
  {
    ...{ ...base, name: "Basic" },
    about: "groups join and leave, and shards are spread evenly over those that are there",
    *script(lab) {
      check(lab, yield* lab.query(), []);
      check(lab, yield* lab.join(2), [2]);
      check(lab, yield* lab.join(3), [2, 3]);
      const two = yield* lab.query();
      lab.expect(`${two.groups[1]!.nodes}` === `${lab.cluster.nodesOf(3)}`, "group 3 has others");
      check(lab, yield* lab.leave(2), [3]);
      check(lab, yield* lab.leave(3), []);
    },
  },
  {
    ...{ ...base, name: "Historical" },
    about: "old configs are as they were, over restarts of one server and of all",
    *script(lab) {
      const configs = [yield* lab.query()];
      configs.push(yield* lab.join(2), yield* lab.join(3), yield* lab.leave(2));
      for (const id of [1, 2, 3]) {
        lab.shutdown(id);
        yield* checkHistory(lab, configs);
        lab.start(id);
      }
      lab.shutdown(1, 2, 3);
      lab.start(1, 2, 3);
      yield* checkHistory(lab, configs);
      configs.push(yield* lab.join(4));
      yield* checkHistory(lab, configs);
    },
  },
  {
    ...{ ...base, name: "Move" },
    about: "a shard that is moved stays there until the next join or leave",
    *script(lab) {
      yield* lab.join(2);
      const before = yield* lab.join(3);
      for (let shard = 0; shard < lab.shards; shard++) {
        const to = before.shards[shard] === 2 ? 3 : 2;
        const after = yield* lab.move(shard, to);
        const wanted = before.shards.map((g, s) => (s > shard ? g : g === 2 ? 3 : 2));
        lab.expect(`${after.shards}` === `${wanted}`, `${after.shards} after move ${shard}`);
      }
      const all = yield* lab.move(0, 2);
      for (let shard = 0; shard < lab.shards; shard++) yield* lab.move(shard, 2);
      lab.expect((yield* lab.query()).num > all.num, "the moves made no configs");
      check(lab, yield* lab.join(4), [2, 3, 4]);
    },
  },
  {
    ...{ ...base, name: "ConcurrentLeaveJoin" },
    about: "10 clients join two groups and leave one each, at once, and nothing is lost",
    *script(lab) {
      const ids = Array.from({ length: CLIENTS }, (_, i) => 10 * i + 100);
      const clients = ids.map((id) => lab.spawn(comeAndGo(lab, id)));
      yield* lab.await(clients);
      check(lab, yield* lab.query(), ids);
    },
  },
  {
    ...{ ...base, name: "MinimalTransfersAfterJoins" },
    about: "five groups join one after the other, and no shard moves between two that stay",
    *script(lab) {
      for (let id = 2; id < 7; id++) yield* lab.join(id);
      const before = yield* lab.query();
      for (let id = 7; id < 12; id++) {
        const last = yield* lab.query();
        checkMinimal(lab, last, yield* lab.join(id));
      }
      check(lab, yield* lab.query(), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      checkMinimal(lab, before, yield* lab.query());
    },
  },
  {
    ...{ ...base, name: "MinimalTransfersAfterLeaves" },
    about: "five groups leave one after the other, and no shard moves between two that stay",
    *script(lab) {
      for (let id = 2; id < 12; id++) yield* lab.join(id);
      for (let id = 2; id < 7; id++) {
        const last = yield* lab.query();
        checkMinimal(lab, last, yield* lab.leave(id));
      }
      check(lab, yield* lab.query(), [7, 8, 9, 10, 11]);
    },
  },
  {
    ...{ ...base, name: "MultiJoinLeave" },
    about: "several groups join and leave in one change, evenly and with the fewest moves",
    *script(lab) {
      const three = yield* lab.join(2, 3, 4);
      check(lab, three, [2, 3, 4]);
      const six = yield* lab.join(5, 6, 7);
      check(lab, six, [2, 3, 4, 5, 6, 7]);
      checkMinimal(lab, three, six);
      const left = yield* lab.leave(2, 4, 6);
      check(lab, left, [3, 5, 7]);
      checkMinimal(lab, six, left);
    },
  },
  {
    ...{ ...base, name: "ConcurrentMultiLeaveJoin" },
    about: "10 clients join three groups at once and leave two of them, at the same time",
    *script(lab) {
      const ids = Array.from({ length: CLIENTS }, (_, i) => 1000 + i);
      const clients = ids.map((id) => lab.spawn(comeAndGoTogether(lab, id)));
      yield* lab.await(clients);
      check(lab, yield* lab.query(), ids);
    },
  },
  {
    ...{ ...base, name: "SameAfterLeaderKilled" },
    about: "the config is the same after the leader was killed, and one server after the other",
    *script(lab) {
      for (const id of [2, 3, 4, 5, 6]) yield* lab.join(id);
      const before = yield* lab.leave(3);
      for (let i = 0; i < 3; i++) {
        yield* killLeader(lab);
        const after = yield* lab.query();
        const is = JSON.stringify(after);
        lab.expect(is === JSON.stringify(before), `the config is now ${is}`);
      }
      yield* sleep(1_000);
      const replicas = [1, 2, 3].map((id) => lab.cluster.node(id).controller!.config);
      const texts = new Set(replicas.map((config) => JSON.stringify(config)));
      lab.expect(texts.size === 1, "servers have different configs");
    },
  },
  {
    ...{ ...base, name: "MinimalAgain" },
    about: "one of three groups leaves, or comes back: at most shards / 3 + 1 move",
    *script(lab) {
      const most = lab.shards / 3 + 1;
      let before = yield* lab.join(2, 3, 4);
      for (const id of [2, 3, 4, 3, 2]) {
        for (const step of ["leave", "join"] as const) {
          const after: ShardConfig = yield* lab[step](id);
          const moved = after.shards.filter((group, s) => group !== before.shards[s]).length;
          lab.expect(moved <= most, `${moved} shards move as group ${id} is to ${step}`);
          checkMinimal(lab, before, after);
          before = after;
        }
      }
    },
  },
];

function* comeAndGo(lab: ShardLab, id: number): Script {
  yield* lab.join(id + 1_000);
  yield* lab.join(id);
  yield* lab.leave(id + 1_000);
}

function* comeAndGoTogether(lab: ShardLab, id: number): Script {
  yield* lab.join(id, id + 1_000, id + 2_000);
  yield* lab.leave(id + 1_000, id + 2_000);
}
