import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { NO_GROUP, type ShardConfig, shardOf } from "./shard-config.ts";
import { ShardKv } from "./shard-kv.ts";
import {
  CONFIG_GAP,
  newestCopies,
  rebornConfig,
  rebornController,
  rebornGroup,
  unrest,
} from "./shards-reborn.ts";
import type { SnapshotReader, StateMachine } from "./state-machine.ts";
import { WRONG_SHARD } from "./status.ts";
import { encoded, get } from "./testing/commands.ts";
import { Appender, type Group, join, ShardWorld } from "./testing/shard-world.ts";

function load(machine: StateMachine, reader: SnapshotReader): void {
  const writer = machine.beginRestore();
  for (let piece = reader.next(100); piece !== null; piece = reader.next(100)) writer.write(piece);
  reader.close();
  writer.finish();
}

const groupsOf = (world: ShardWorld) =>
  world.groups.map(({ id, machine }) => ({ group: id, machine }));

/** The world goes on as `ordeal cluster recover` has it: from the newest copies, whatever was under way. */
function recover(world: ShardWorld): ShardConfig {
  const found = newestCopies(groupsOf(world));
  const { config } = world.machine;
  const nums = world.groups.map(({ machine }) => machine.config.num);
  const owners = config.shards.map((_, shard) => found.get(shard)?.group ?? 2);
  const ids = [...new Set(owners)].sort((a, b) => a - b);
  const groups = ids.map((id) => ({ id, nodes: [1] }));
  const next = rebornConfig(Math.max(config.num, ...nums), owners, groups);
  // States are read when all of them are known: each of the new ones takes over stores of the old.
  const states = ids.map((id) => rebornGroup(id, next, found));
  for (const group of world.groups) {
    const machine = new ShardKv(group.id, world.shards, group.id);
    const state = states[ids.indexOf(group.id)];
    if (state !== undefined) load(machine, state);
    group.machine = machine;
    group.index = 1;
  }
  load(world.machine, rebornController(next));
  return next;
}

/** Steps drawn by the seed: of clients, of agents, and changes of the config. */
function churn(world: ShardWorld, clients: readonly Appender[], prng: Prng, rounds: number): void {
  const bytesMax = prng.pick([20, 1000]);
  for (let round = 0; round < rounds; round++) {
    const draw = prng.below(100);
    const group = prng.pick(world.groups);
    if (world.changeDrawn(draw, group, prng)) continue;
    if (draw < 60) world.step(group, prng, bytesMax);
    else prng.pick(clients).attempt(prng.chance(0.3));
  }
}

/** Until nothing is under way at a config by which every shard is somebody's. */
function settle(world: ShardWorld, prng: Prng): void {
  world.change(join(2));
  const { num } = world.machine.config;
  const isBusy = ({ machine }: Group): boolean =>
    unrest(machine.report(), num) !== null || machine.isMoving;
  for (let i = 0; i < 100_000 && world.groups.some(isBusy); i++) {
    for (const group of world.groups) world.step(group, prng, 1000);
  }
}

function newWorld(seed: number) {
  const prng = new Prng(seed);
  const world = new ShardWorld(1 + prng.below(6), 3);
  const clients = Array.from({ length: 8 }, (_, i) => new Appender(world, `key ${i}`));
  return { prng, world, clients };
}

function checkAll(clients: readonly Appender[], seed: number): void {
  for (const client of clients) {
    const value = client.read();
    if (value !== null && client.isRight(value)) continue;
    throw new Error(`seed ${seed}, ${client.key}: "${value}" instead of "${client.expected}"`);
  }
}

test("reborn: whatever was under way, the newest copies have every acknowledged append, once, and sessions go on; later moves lose nothing", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { prng, world, clients } = newWorld(seed);
    for (let life = 0; life < 3; life++) {
      churn(world, clients, prng, 150);
      const { num } = world.machine.config;
      const config = recover(world);
      expect(config.num).toBeGreaterThanOrEqual(num + CONFIG_GAP);
      checkAll(clients, seed);
    }
    churn(world, clients, prng, 150);
    settle(world, prng);
    checkAll(clients, seed);
  }
});

test("reborn: groups that are each at rest at one config, at moments of their own, hold each shard once, with all of before and nothing torn", () => {
  let taken = 0;
  let disturbed = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { prng, world, clients } = newWorld(seed);
    world.change(join(2));
    for (let cut = 0; cut < 4; cut++) {
      churn(world, clients, prng, 60);
      settle(world, prng);
      const { config } = world.machine;
      const before = clients.map(({ expected }) => expected);
      const copies = new Map<number, ShardKv>();
      for (const { id } of config.groups) {
        // Clients go on, and perhaps shards move, between one group's snapshot and the next one's.
        churn(world, clients, prng, prng.pick([0, 4, 12]));
        const { machine } = world.group(id);
        if (unrest(machine.report(), config.num) !== null) break;
        const copy = new ShardKv(id, world.shards, 0);
        load(copy, machine.beginSnapshot());
        copies.set(id, copy);
      }
      if (copies.size < config.groups.length) {
        disturbed++;
        continue;
      }
      taken++;
      for (const [i, client] of clients.entries()) {
        const owners = [...copies].filter(([, machine]) => read(machine, client.key) !== null);
        expect(owners.map(([id]) => id)).toEqual([config.shards[client.shard]!]);
        const value = read(owners[0]![1], client.key)!;
        const isPrefix = client.expected.startsWith(value) || client.isRight(value);
        if (!value.startsWith(before[i]!) || !isPrefix)
          throw new Error(`seed ${seed}, ${client.key}: ${value}`);
      }
    }
  }
  expect(taken).toBeGreaterThan(20);
  expect(disturbed).toBeGreaterThan(20);
});

/** Null: the machine does not serve the shard. */
function read(machine: ShardKv, key: string): string | null {
  const { bytes, view, at, end } = encoded(get(key));
  machine.read(bytes, view, at, end, 1);
  const { status, valueIn, valueAt, valueBytes } = machine.result;
  if (status === WRONG_SHARD) return null;
  return new TextDecoder().decode(valueIn.subarray(valueAt, valueAt + valueBytes));
}

test("reborn: of all configs before nobody has anything; the next one moves shards from where they are", () => {
  const world = new ShardWorld(4, 2);
  world.change(join(2));
  world.group(2).adopt(world.machine.config);
  const client = new Appender(world, "key");
  for (let i = 0; i < 3; i++) client.attempt(false);
  const config = recover(world);
  expect(config).toEqual({
    num: 1 + CONFIG_GAP,
    shards: [2, 2, 2, 2],
    groups: [{ id: 2, nodes: [1] }],
  });
  for (let num = 0; num < config.num; num++) {
    expect(world.machine.configAt(num)).toEqual({
      num,
      shards: Array(4).fill(NO_GROUP),
      groups: [],
    });
  }
  world.change(join(3));
  const prng = new Prng(1);
  settle(world, prng);
  expect(world.group(3).machine.report().shards).toHaveLength(2);
  expect(client.read()).toBe("0,1,");
  expect(shardOf(new TextEncoder().encode("key"), 4)).toBe(client.shard);
});

test("unrest: says what a group is waiting for, and takes a copy that has arrived elsewhere for no unrest", () => {
  const at = { group: 3, num: 7, toDrop: [] };
  const shard = { shard: 5, num: 7, other: 2, keys: 0, bytes: 0 };
  const of = (state: "serving" | "leaving" | "frozen" | "arriving") =>
    unrest({ ...at, shards: [{ ...shard, state }] }, 7);
  expect(unrest({ ...at, shards: [] }, 8)).toBe("group 3 is at config 7 of 8");
  expect([of("serving"), of("frozen")]).toEqual([null, null]);
  expect(of("arriving")).toBe("shard 5 is arriving at group 3");
  expect(of("leaving")).toBe("shard 5 is leaving at group 3");
});
