import { expect, test } from "bun:test";
import { asGroup, type GroupId } from "../lib/ids.ts";
import { LogRoom } from "./log-room.ts";

const [A, B] = [asGroup(2), asGroup(3)];

/** A log whose holders the test sets. */
function roomOf() {
  const world = { now: 0, held: [] as readonly GroupId[], taken: [] as GroupId[] };
  const pending: (() => void)[] = [];
  const room = new LogRoom({
    storage: {
      pendingBytes: 0,
      append: () => {},
      commit: () => {},
      close: () => {},
      heldBy: (bytesMax) => (bytesMax === 100 ? world.held : []),
    },
    bytesMax: 100,
    now: () => world.now,
    takeSnapshot: (group, done) => {
      world.taken.push(group);
      pending.push(done);
    },
  });
  const finish = (): void => pending.splice(0).forEach((done) => done());
  return { world, room, finish };
}

test("log room: the groups that hold the log are asked for a snapshot one after the other", () => {
  const { world, room, finish } = roomOf();
  room.turn();
  expect(world.taken).toEqual([]);
  world.held = [A, B];
  room.turn();
  room.turn();
  expect(world.taken).toEqual([A]);
  finish();
  room.turn();
  expect(world.taken).toEqual([A, B]);
});

test("log room: a group whose snapshot did not help is asked again after a pause", () => {
  const { world, room, finish } = roomOf();
  world.held = [A];
  room.turn();
  finish();
  for (let i = 0; i < 10; i++) room.turn();
  expect(world.taken).toEqual([A]);
  world.now += 1_000;
  room.turn();
  expect(world.taken).toEqual([A, A]);
});
