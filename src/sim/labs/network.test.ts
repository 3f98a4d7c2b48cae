import { expect, test } from "bun:test";
import { asIndex, asNode, asTerm } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import type { Message } from "../../raft/types.ts";
import { World } from "../world.ts";
import { FAIR, LabNetwork, type Weather } from "./network.ts";

const COUNT = 2_000;
const ENDS = { from: asNode(1), to: asNode(2), term: asTerm(1) };
const REQUEST: Message = {
  ...{ ...ENDS, kind: "appendEntries", prevIndex: asIndex(0), prevTerm: asTerm(0) },
  ...{ commitIndex: asIndex(0), batches: [] },
};
const REPLY: Message = {
  ...{ ...ENDS, kind: "appendResponse", index: asIndex(1), rejected: false },
  ...{ hintIndex: asIndex(0), hintTerm: asTerm(0) },
};

/** Sends many, and returns when each arrived, in ms after it was sent. */
function arrivals(message: Message, weather: Partial<Weather>): number[] {
  const world = new World();
  const times: number[] = [];
  const network = new LabNetwork(world, 3, new Prng(1), {
    isUp: () => true,
    deliver: () => times.push(world.now),
    onUnreachable: () => {},
  });
  network.weather = { ...FAIR, ...weather };
  for (let i = 0; i < COUNT; i++) network.send(message);
  while (world.step());
  return times;
}

const share = (times: readonly number[], is: (ms: number) => boolean): number =>
  times.filter(is).length / COUNT;

test("lab network: in fair weather everything arrives once, at once", () => {
  expect(arrivals(REQUEST, {})).toHaveLength(COUNT);
  expect(Math.max(...arrivals(REQUEST, {}))).toBeLessThan(1);
});

test("lab network: unreliable delays requests up to 26 ms, and loses 1 in 10 of both kinds", () => {
  const requests = arrivals(REQUEST, { unreliable: true });
  expect(requests.length / COUNT).toBeCloseTo(0.9, 1);
  expect(share(requests, (ms) => ms > 13)).toBeCloseTo(0.45, 1);
  expect(Math.max(...requests)).toBeWithin(25, 27);
  const replies = arrivals(REPLY, { unreliable: true });
  expect(replies.length / COUNT).toBeCloseTo(0.9, 1);
  expect(Math.max(...replies)).toBeLessThan(1);
});

test("lab network: long reordering holds 2 replies in 3 back by 200 to 2200 ms, and no request", () => {
  const replies = arrivals(REPLY, { longReordering: true });
  expect(share(replies, (ms) => ms >= 200)).toBeCloseTo(2 / 3, 1);
  expect(Math.max(...replies)).toBeWithin(2_000, 2_201);
  expect(Math.max(...arrivals(REQUEST, { longReordering: true }))).toBeLessThan(1);
});

test("lab network: duplicates arrive twice", () => {
  expect(arrivals(REPLY, { duplicate: 0.2 }).length / COUNT).toBeCloseTo(1.2, 1);
});

test("lab network: a cut, a split or a dead server stops messages, and fails calls within 7 s", () => {
  const world = new World();
  const told: string[] = [];
  let isUp = true;
  const network = new LabNetwork(world, 3, new Prng(1), {
    isUp: () => isUp,
    deliver: (message) => told.push(message.kind),
    onUnreachable: (from, to) => told.push(`${from} cannot reach ${to}`),
  });
  const settle = (): string[] => {
    network.send(REQUEST);
    network.send(REPLY);
    while (world.step());
    return told.splice(0);
  };
  network.plug(2, false, true);
  expect(settle()).toEqual(["1 cannot reach 2"]);
  expect(world.now).toBeLessThan(7_000);
  network.plug(2, true, true);
  expect(settle().sort()).toEqual(["appendEntries", "appendResponse"]);
  network.split([2, 3]);
  expect(settle()).toEqual(["1 cannot reach 2"]);
  network.split([]);
  isUp = false;
  expect(settle()).toEqual(["1 cannot reach 2"]);
  expect(network.counters).toMatchObject({ rpcs: 4, rpcsOf: [0, 4, 0, 0] });
});
