import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { encodeConfig, firstConfig, shardOf } from "./shard-config.ts";
import { ShardKv } from "./shard-kv.ts";
import { decodeChunk, encodeChunk, OP_ADOPT, OP_DROP, OP_DROPPED, OP_FREEZE } from "./shard-ops.ts";
import { SnapshotFormatError } from "./snapshot-format.ts";
import { NOT_FOUND, OK, VERSION_MISMATCH, WRONG_SHARD } from "./status.ts";
import { command, del, encoded, get, openSession, put } from "./testing/commands.ts";
import { Appender, type Group, join, ShardWorld } from "./testing/shard-world.ts";

const SHARDS = 4;

/** A key of each shard. */
const KEYS = Array.from({ length: SHARDS }, (_, shard) => {
  for (let i = 0; ; i++)
    if (shardOf(new TextEncoder().encode(`k${i}`), SHARDS) === shard) return `k${i}`;
});

/** Groups 2 and 3, after group 2 got all shards and a value in each. */
function twoGroups(): { world: ShardWorld; a: Group; b: Group } {
  const world = new ShardWorld(SHARDS, 2);
  world.change(join(2));
  const [a, b] = [world.group(2), world.group(3)];
  a.adopt(world.machine.configAt(1)!);
  b.adopt(world.machine.configAt(1)!);
  for (const key of KEYS) a.ask(put(key, `value of ${key}`));
  return { world, a, b };
}

/** Group 3 joins: the shards that it is to get, as both groups have adopted that. */
function joined() {
  const { world, a, b } = twoGroups();
  world.change(join(3));
  a.adopt(world.machine.config);
  b.adopt(world.machine.config);
  const arriving = b.machine.report().shards.map(({ shard }) => shard);
  return { world, a, b, arriving };
}

function copy(from: Group, to: Group, shard: number, num: number, bytesMax = 1 << 20): void {
  from.step(OP_FREEZE, shard, num);
  for (let offset = 0, isThere = false; !isThere;) {
    const { value } = from.readShard(shard, num, offset, bytesMax);
    expect(to.chunk(num, value).status).toBe(OK);
    const chunk = decodeChunk(value)!;
    offset = chunk.offset + chunk.bytes.length;
    isThere = chunk.then === "end";
  }
}

test("shards: before a config names its owner, every shard is wrong everywhere", () => {
  const { a } = { a: new ShardWorld(SHARDS, 1).group(2) };
  expect(a.ask(put("x", "1"))).toMatchObject({ status: WRONG_SHARD, version: 0 });
  expect(a.ask(get("x"))).toMatchObject({ status: WRONG_SHARD, version: 0 });
});

test("shards: a shard that nobody had is there at once, empty; others are refused with the config's number", () => {
  const { a, b } = twoGroups();
  expect(a.ask(get(KEYS[0]!))).toMatchObject({ status: OK, version: 1 });
  expect(b.ask(put(KEYS[0]!, "x"))).toMatchObject({ status: WRONG_SHARD, version: 1 });
});

test("shards: configs are taken one at a time, an old one again is no harm", () => {
  const { world, a } = twoGroups();
  world.change(join(3));
  world.change({ kind: "move", shard: 0, group: 3 });
  expect(a.adopt(world.machine.configAt(3)!)).toMatchObject({
    status: VERSION_MISMATCH,
    version: 1,
  });
  expect(a.adopt(world.machine.configAt(2)!)).toMatchObject({ status: OK, version: 2 });
  expect(a.adopt(world.machine.configAt(1)!)).toMatchObject({ status: OK, version: 2 });
  expect(a.adopt(world.machine.configAt(3)!)).toMatchObject({ status: OK, version: 3 });
});

test("shards: what leaves is served until it is frozen, then by nobody until it has all arrived", () => {
  const { a, b, arriving } = joined();
  const [shard] = arriving;
  const key = KEYS[shard!]!;
  expect(a.ask(put(key, "later"))).toMatchObject({ status: OK, version: 2 });
  a.step(OP_FREEZE, shard!, 2);
  expect(a.ask(put(key, "too late")).status).toBe(WRONG_SHARD);
  expect(a.ask(get(key)).status).toBe(WRONG_SHARD);
  expect(b.ask(get(key)).status).toBe(WRONG_SHARD);
  copy(a, b, shard!, 2, 5);
  const { status, version, value } = b.ask(get(key));
  expect([status, version, new TextDecoder().decode(value)]).toEqual([OK, 2, "later"]);
  // Others are not touched by that, neither those that stay nor those that are still to go.
  for (const other of KEYS.filter((k) => k !== key)) expect(a.ask(get(other)).status).toBe(OK);
});

test("shards: what is written while a shard is copied comes with it, after the freeze", () => {
  const { a, b, arriving } = joined();
  const shard = arriving[0]!;
  const key = KEYS[shard]!;
  const others = Array.from({ length: 1000 }, (_, i) => `${key}/${i}`);
  const own = others.filter((k) => shardOf(new TextEncoder().encode(k), SHARDS) === shard);
  for (const k of own) a.ask(put(k, "before"));
  const first = decodeChunk(a.readShard(shard, 2, 0, 1 << 20).value)!;
  expect(first.then).toBe("freeze");
  expect(b.chunk(2, encodeChunk(first)).status).toBe(OK);
  expect(a.ask(put(key, "meanwhile")).status).toBe(OK);
  expect(a.ask(del(own[0]!)).status).toBe(OK);
  expect(b.ask(get(key)).status).toBe(WRONG_SHARD);
  a.step(OP_FREEZE, shard, 2);
  const rest = decodeChunk(a.readShard(shard, 2, first.bytes.length, 1 << 20).value)!;
  expect([rest.then, rest.offset]).toEqual(["end", first.bytes.length]);
  expect(b.chunk(2, encodeChunk(rest)).status).toBe(OK);
  expect(new TextDecoder().decode(b.ask(get(key)).value)).toBe("meanwhile");
  expect(b.ask(get(own[0]!)).status).toBe(NOT_FOUND);
  expect(new TextDecoder().decode(b.ask(get(own[1]!)).value)).toBe("before");
});

test("shards: another process of the old owner gives the shard from its beginning, not from where it was asked", () => {
  const { a, b, arriving } = joined();
  const shard = arriving[0]!;
  const first = a.readShard(shard, 2, 0, 20).value;
  expect(b.chunk(2, first).status).toBe(OK);
  a.restart(SHARDS, 77, 100);
  const anew = decodeChunk(a.readShard(shard, 2, 20, 20).value)!;
  expect(anew.offset).toBe(0);
  expect(anew.stream).not.toBe(decodeChunk(first)!.stream);
  expect(b.chunk(2, encodeChunk(anew)).status).toBe(OK);
});

test("shards: a shard takes its sessions along: a retry at the new owner is not applied again", () => {
  const { a, b, arriving } = joined();
  const shard = arriving[0]!;
  const { index: session } = a.ask({ ...openSession(), expected: shard });
  const append = { ...put(KEYS[shard]!, "x"), op: 2 as const, session, seq: 1 };
  const first = a.ask(append);
  copy(a, b, shard, 2);
  expect(b.ask(append)).toEqual(first);
  expect(b.ask({ ...append, seq: 2 })).toMatchObject({ status: OK, version: first.version + 1 });
  expect(b.ask({ ...append, seq: 2 }).index).toBeGreaterThan(first.index);
});

test("shards: the old owner drops its copy when it is told, and only that of the config it is told of", () => {
  const { a, b, arriving } = joined();
  const shard = arriving[0]!;
  expect(a.step(OP_DROP, shard, 2).status).toBe(NOT_FOUND); // It serves it still.
  copy(a, b, shard, 2);
  expect(b.machine.report().toDrop).toEqual([{ shard, num: 2, from: 2 }]);
  expect(a.step(OP_DROP, shard, 1).status).toBe(OK);
  expect(a.machine.report().shards.find((s) => s.shard === shard)?.state).toBe("frozen");
  expect(a.step(OP_DROP, shard, 3)).toMatchObject({ status: VERSION_MISMATCH, version: 2 });
  expect(a.step(OP_DROP, shard, 2).status).toBe(OK);
  expect(a.step(OP_DROP, shard, 2).status).toBe(OK);
  expect(a.machine.report().shards.some((s) => s.shard === shard)).toBe(false);
  b.step(OP_DROPPED, shard, 2);
  expect(b.machine.report().toDrop).toEqual([]);
});

test("shards: steps of a config that a group has not come to are refused with the number it has", () => {
  const { a, b } = twoGroups();
  expect(a.step(OP_FREEZE, 0, 2)).toMatchObject({ status: VERSION_MISMATCH, version: 1 });
  expect(a.readShard(0, 2, 0, 100)).toMatchObject({ status: VERSION_MISMATCH, version: 1 });
  expect(b.step(OP_DROP, 0, 2)).toMatchObject({ status: VERSION_MISMATCH, version: 1 });
  expect(a.step(OP_FREEZE, 0, 1).status).toBe(NOT_FOUND); // It is not leaving at all.
});

test("shards: a config that gives on what has not arrived waits until it has", () => {
  const { world, a, b, arriving } = joined();
  world.change({ kind: "leave", groups: [3] });
  expect(b.adopt(world.machine.config)).toMatchObject({ status: VERSION_MISMATCH, version: 2 });
  for (const shard of arriving) copy(a, b, shard, 2);
  expect(b.adopt(world.machine.config).status).toBe(OK);
});

test("shards: what nobody owns for a while is kept, and comes back to its last owner or to another", () => {
  for (const next of [2, 3]) {
    const { world, a, b } = twoGroups();
    world.change({ kind: "leave", groups: [2] });
    world.change(join(next));
    for (const num of [2, 3]) for (const g of [a, b]) g.adopt(world.machine.configAt(num)!);
    if (next === 3) for (const shard of KEYS.keys()) copy(a, b, shard, 3);
    for (const key of KEYS) expect(world.group(next).ask(get(key)).status).toBe(OK);
  }
});

test("shards: a chunk that is repeated, too early or of another copy is not taken, and says where to go on", () => {
  const { a, b, arriving } = joined();
  const shard = arriving[0]!;
  a.step(OP_FREEZE, shard, 2);
  const first = a.readShard(shard, 2, 0, 10).value;
  const second = a.readShard(shard, 2, 10, 10).value;
  expect(b.chunk(2, second)).toMatchObject({ status: VERSION_MISMATCH, version: 0 });
  expect(b.chunk(2, first).status).toBe(OK);
  expect(b.chunk(2, first)).toMatchObject({ status: VERSION_MISMATCH, version: 10 });
  const { stream } = decodeChunk(first)!;
  const other = encodeChunk({ ...decodeChunk(second)!, stream: stream + 1 });
  expect(b.chunk(2, other)).toMatchObject({ status: VERSION_MISMATCH, version: 0 });
  // Another copy, from its beginning: what has come of the first one is forgotten.
  expect(b.chunk(2, encodeChunk({ ...decodeChunk(first)!, stream: stream + 1 })).status).toBe(OK);
  expect(b.chunk(2, second)).toMatchObject({ status: VERSION_MISMATCH, version: 0 });
});

test("shards: a copy that is damaged on its way is not installed, and comes again", () => {
  const { a, b, arriving } = joined();
  const shard = arriving[0]!;
  a.step(OP_FREEZE, shard, 2);
  const { value } = a.readShard(shard, 2, 0, 1 << 20);
  const broken = { ...decodeChunk(value)!, bytes: decodeChunk(value)!.bytes.slice(0, -1) };
  expect(b.chunk(2, encodeChunk(broken))).toMatchObject({ status: VERSION_MISMATCH, version: 0 });
  copy(a, b, shard, 2);
  expect(b.ask(get(KEYS[shard]!)).status).toBe(OK);
});

test("shards: bytes that are no command of this cluster never reach the log", () => {
  const machine = new ShardKv(2, SHARDS, 0);
  const problem = (c: Parameters<typeof encoded>[0]) => {
    const { bytes, view, at, end } = encoded(c);
    return machine.problem(bytes, view, at, end);
  };
  const op = (code: number) => code as Parameters<typeof encoded>[0]["op"];
  const value = encodeConfig(firstConfig(SHARDS + 1));
  expect(problem(command({ op: op(OP_ADOPT), value }))).toBe("no config of this cluster");
  expect(problem(command({ op: op(OP_FREEZE), value: new Uint8Array(3) }))).toMatch(/no shard/);
  expect(problem({ ...openSession(), expected: SHARDS })).toBe(`there is no shard ${SHARDS}`);
  expect(problem(command({ op: op(99) }))).toBe("op 99 is not known here");
  expect(problem(put("a", "b"))).toBeNull();
});

test("shards: a snapshot that is cut short or damaged in its frame is refused", () => {
  const { a, b, arriving } = joined();
  copy(a, b, arriving[0]!, 2);
  a.step(OP_FREEZE, arriving[1]!, 2);
  b.chunk(2, a.readShard(arriving[1]!, 2, 0, 7).value);
  const pieces: Uint8Array[] = [];
  const reader = b.machine.beginSnapshot();
  for (let piece = reader.next(50); piece !== null; piece = reader.next(50)) pieces.push(piece);
  const whole = Buffer.concat(pieces);
  for (let cut = 0; cut < whole.length; cut += 3) {
    const writer = new ShardKv(3, SHARDS, 0).beginRestore();
    expect(() => {
      writer.write(whole.subarray(0, cut));
      writer.finish();
    }).toThrow(SnapshotFormatError);
  }
});

test("shards: under joins, leaves, moves, restarts and lost answers each append is there once, in order", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed);
    const world = new ShardWorld(1 + prng.below(6), 3);
    const clients = Array.from({ length: 8 }, (_, i) => new Appender(world, `key ${i}`));
    const bytesMax = prng.pick([1, 20, 1000]);
    for (let round = 0; round < 300; round++) {
      const draw = prng.below(100);
      const group = prng.pick(world.groups);
      if (world.changeDrawn(draw, group, prng)) continue;
      if (draw < 12) group.restart(world.shards, prng.u32(), 1 + prng.below(200));
      else if (draw < 60) world.step(group, prng, bytesMax);
      else prng.pick(clients).attempt(prng.chance(0.3));
    }
    world.change(join(2));
    for (let i = 0; i < 100_000 && world.groups.some((g) => isBusy(world, g)); i++) {
      for (const group of world.groups) world.step(group, prng, 1000);
    }
    for (const client of clients) {
      const value = client.read();
      if (value === null || !client.isRight(value)) {
        throw new Error(`seed ${seed}, ${client.key}: "${value}" instead of "${client.expected}"`);
      }
    }
    for (const { machine } of world.groups) {
      // What was given away is deleted.
      expect(machine.report().shards.every(({ state }) => state === "serving")).toBe(true);
    }
  }
});

function isBusy(world: ShardWorld, { machine }: Group): boolean {
  const { num, shards, toDrop } = machine.report();
  const isSettled = shards.every(({ state }) => state === "serving") && toDrop.length === 0;
  return num < world.machine.config.num || !isSettled;
}
