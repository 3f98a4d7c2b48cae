import { expect, test } from "bun:test";
import { asNode } from "../lib/ids.ts";
import { ALIVE_EVERY_MS, Liveness } from "./liveness.ts";

const [two, three] = [asNode(2), asNode(3)];

/** Node 1 and its peers 2 and 3; `run` hears those of `alive` every 100 ms. */
function start() {
  const told: number[] = [];
  const suspected: [number, number][] = [];
  let now = 0;
  const liveness = new Liveness(
    {
      tell: (peer) => told.push(peer),
      suspect: (peer) => suspected.push([now, peer]),
      electionTimeoutMinMs: 200,
    },
    now,
  );
  liveness.follow([two, three], now);
  const run = (ms: number, alive: readonly (typeof two)[]) => {
    for (const end = now + ms; now < end; now += 10) {
      if (now % ALIVE_EVERY_MS === 0) for (const peer of alive) liveness.heard(peer, 7, now);
      if (now >= liveness.deadline()) liveness.tick(now);
    }
  };
  return { liveness, told, suspected, run, pause: (ms: number) => (now += ms), now: () => now };
}

test("liveness: every peer is told ten times a second, and none that is heard is suspected", () => {
  const { told, suspected, run } = start();
  run(1_000, [two, three]);
  expect(told.filter((peer) => peer === 2)).toHaveLength(10);
  expect(told.filter((peer) => peer === 3)).toHaveLength(10);
  expect(suspected).toEqual([]);
});

test("liveness: a peer is suspected after an election timeout, and again while it is silent", () => {
  const { suspected, run } = start();
  run(1_000, [two, three]);
  run(1_000, [two]);
  expect(suspected.every(([, peer]) => peer === 3)).toBe(true);
  const [first] = suspected[0]!;
  expect(first).toBeGreaterThan(1_200);
  expect(first).toBeLessThanOrEqual(1_500);
  expect(suspected.length).toBeGreaterThanOrEqual(2);
  const before = suspected.length;
  run(1_000, [two, three]);
  expect(suspected).toHaveLength(before);
});

test("liveness: one that was never heard is suspected like any other", () => {
  const { suspected, run } = start();
  run(600, [two]);
  expect(suspected.map(([, peer]) => peer)).toEqual([3]);
});

test("liveness: another process of a peer is suspected at once, for it has forgotten what it knew", () => {
  const { liveness, suspected, run, now } = start();
  run(500, [two, three]);
  liveness.heard(three, 8, now());
  liveness.heard(three, 8, now());
  expect(suspected).toEqual([[500, 3]]);
});

test("liveness: time in which this node did not run itself says nothing of the others", () => {
  const { suspected, run, pause } = start();
  run(500, [two, three]);
  pause(60_000);
  run(1_000, [two, three]);
  expect(suspected).toEqual([]);
});

test("liveness: who is no peer any more is neither told nor suspected; a new one is given its time", () => {
  const { liveness, told, suspected, run, now } = start();
  run(500, [two, three]);
  const four = asNode(4);
  liveness.follow([two, four], now());
  told.length = 0;
  liveness.heard(three, 9, now());
  run(1_000, [two, four]);
  expect(told.includes(3)).toBe(false);
  expect(told.filter((peer) => peer === 4)).toHaveLength(10);
  expect(suspected).toEqual([]);
});
