import { expect, test } from "bun:test";
import { get, put } from "../kv/testing/commands.ts";
import { Prng } from "../lib/prng.ts";
import { IdleWorld } from "./testing/idle-world.ts";

const NODES = [1, 2, 3, 4, 5];
const GROUPS = Array.from({ length: 20 }, (_, i) => i + 1);

/** Group 1 on all nodes, each of the others on three of the five. */
const placement = (): Map<number, readonly number[]> =>
  new Map(
    GROUPS.map((group) => {
      const three = [0, 1, 2].map((i) => NODES[(group + i) % NODES.length]!);
      return [group, group === 1 ? NODES : three.sort()];
    }),
  );

const asleep = (world: IdleWorld) => world.groups.filter((group) => world.sleeps(group));
const ledBy = (world: IdleWorld, node: number) =>
  world.groups.filter((group) => world.leaderOf(group) === node);

/** All groups have a leader and sleep. */
function sleeping(seed = 1): IdleWorld {
  const world = new IdleWorld(placement(), seed);
  world.run(3_000);
  expect(asleep(world)).toEqual(GROUPS);
  return world;
}

test("idle groups: all of them fall asleep, and then exchange no message for an hour", () => {
  const world = sleeping();
  const before = world.messages;
  world.run(60_000);
  expect(world.messages).toBe(before);
  expect(asleep(world)).toEqual(GROUPS);
});

test("idle groups: one that is used wakes, answers at once, and sleeps again; the others sleep on", () => {
  const world = sleeping();
  expect(world.ask(7, put("k", "v"))?.status).toBe("ok");
  expect(asleep(world)).toEqual(GROUPS.filter((group) => group !== 7));
  world.run(2_000);
  expect(asleep(world)).toEqual(GROUPS);
  expect(world.ask(7, get("k"))?.text).toBe("v");
});

test("idle groups: a paused leader is replaced in all its groups, and sleeps through none when it is back", () => {
  const world = sleeping();
  const paused = world.leaderOf(7);
  const led = ledBy(world, paused);
  world.nodes.get(paused)!.isPaused = true;
  world.run(3_000);
  for (const group of led) expect([0, paused]).not.toContain(world.leaderOf(group));
  for (const group of led) expect(world.ask(group, put("k", `of ${group}`))?.status).toBe("ok");
  world.nodes.get(paused)!.isPaused = false;
  world.run(3_000);
  expect(asleep(world)).toEqual(GROUPS);
  const { host } = world.nodes.get(paused)!;
  for (const group of led) expect(host.replica(group)!.soft.role).toBe("follower");
  for (const group of led) expect(world.ask(group, get("k"))?.text).toBe(`of ${group}`);
});

test("idle groups: a leader that is cut off is replaced; groups that it has no part in sleep on", () => {
  const world = sleeping();
  const gone = world.leaderOf(7);
  for (const other of NODES) {
    world.cut.add(`${gone}>${other}`);
    world.cut.add(`${other}>${gone}`);
  }
  world.run(3_000);
  for (const group of GROUPS) expect([0, gone]).not.toContain(world.leaderOf(group));
  const apart = [...placement()].filter(([, nodes]) => !nodes.includes(gone));
  for (const [group] of apart) expect(world.sleeps(group)).toBe(true);
  world.cut.clear();
  world.run(3_000);
  expect(asleep(world)).toEqual(GROUPS);
});

test("idle groups: the leader of a group learns that a member has restarted, and brings it up to date", () => {
  const world = sleeping();
  expect(world.ask(7, put("k", "v"))?.status).toBe("ok");
  world.run(2_000);
  const leader = world.leaderOf(7);
  const member = placement()
    .get(7)!
    .find((id) => id !== leader)!;
  world.start(member, 2);
  world.run(150);
  // Sooner than its election timeout, which would have it disturb the group.
  expect(world.nodes.get(member)!.host.replica(7)!.soft.leaderId).toBe(leader as never);
  world.run(3_000);
  expect(asleep(world)).toEqual(GROUPS);
});

test("idle groups: whatever is paused, cut and lost, once all is well every group answers and sleeps", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = new Prng(seed);
    const world = new IdleWorld(placement(), seed);
    const kept = new Map<number, string>();
    for (let i = 0; i < 25; i++) {
      const node = world.nodes.get(random.pick(NODES))!;
      node.isPaused = random.chance(0.4);
      world.loss = random.pick([0, 0, 0.2]);
      if (random.chance(0.3)) world.cut.add(`${random.pick(NODES)}>${random.pick(NODES)}`);
      if (random.chance(0.2)) world.cut.clear();
      world.run(random.float() * 1_500);
      const group = random.pick(GROUPS);
      if (world.ask(group, put("k", `${i}`))?.status === "ok") kept.set(group, `${i}`);
    }
    for (const node of world.nodes.values()) node.isPaused = false;
    world.cut.clear();
    world.loss = 0;
    world.run(5_000);
    expect({ seed, asleep: asleep(world) }).toEqual({ seed, asleep: GROUPS });
    for (const [group, i] of kept) {
      const text = world.ask(group, get("k"))?.text;
      // A put that was not acknowledged may have come after it.
      const isKept = Number(text) >= Number(i);
      expect({ seed, group, text, i, isKept }).toEqual({ seed, group, text, i, isKept: true });
    }
  }
}, 60_000);
