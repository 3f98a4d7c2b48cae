import { expect, test } from "bun:test";
import { CLEAR_LINK, type Fault } from "../fault/vocabulary.ts";
import { hitLinks } from "../fault/hit-links.ts";
import { asNode, asTerm } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { SimNetwork } from "./network.ts";
import { EVENT, World } from "./world.ts";

/** Three nodes on links of 1 ms; `arrived` tells what arrives where and when, by its term. */
function network() {
  const world = new World();
  const arrived: string[] = [];
  const net = new SimNetwork(
    world,
    [1, 2, 3],
    { ...CLEAR_LINK, delayMs: 1 },
    new Prng(1),
    ({ from, to, term }) => void arrived.push(`${world.now}: ${from}>${to} ${term}`),
    null,
  );
  const send = (from: number, to: number, term: number): void =>
    net.send({ kind: "timeoutNow", from: asNode(from), to: asNode(to), term: asTerm(term) });
  const runUntil = (ms: number): void => {
    let over = false;
    world.at(ms, EVENT.phase, 0, () => void (over = true));
    while (!over) world.step();
  };
  return { net, arrived, send, runUntil };
}

test("SimNetwork: a clogged link keeps frames and lets them through in order when it is over", () => {
  const { net, arrived, send, runUntil } = network();
  send(1, 2, 1);
  net.table.clog([2]);
  net.changed();
  send(1, 2, 2);
  send(1, 2, 3);
  send(1, 3, 4);
  runUntil(50);
  expect(arrived).toEqual(["1: 1>2 1", "1: 1>3 4"]);
  net.table.unclog([2]);
  net.changed();
  runUntil(60);
  expect(arrived.slice(2)).toEqual(["51: 1>2 2", "51: 1>2 3"]);
});

test("SimNetwork: a reset loses what is under way and kept, and new connections work", () => {
  const { net, arrived, send, runUntil } = network();
  send(1, 2, 1);
  send(2, 3, 2);
  const links = net.breakLinks("reset", [1]);
  expect(links.map(({ from, to }) => `${from}>${to}`).sort()).toEqual(["1>2", "1>3", "2>1", "3>1"]);
  send(1, 2, 3);
  runUntil(10);
  expect(arrived).toEqual(["1: 2>3 2", "1: 1>2 3"]);
  expect(net.lost).toBe(1);
});

test("SimNetwork: half-open links are silent until the sender starts anew, or all heals", () => {
  const { net, arrived, send, runUntil } = network();
  net.breakLinks("halfOpen", [2]);
  send(1, 2, 1);
  send(2, 3, 2);
  net.started(2);
  send(2, 3, 3);
  send(1, 2, 4);
  runUntil(10);
  expect(arrived).toEqual(["1: 2>3 3"]);
  net.heal();
  send(1, 2, 5);
  runUntil(20);
  expect(arrived.slice(1)).toEqual(["11: 1>2 5"]);
});

test("SimNetwork: rules about messages act by kind, over the delay that every link has", () => {
  const { net, arrived, send, runUntil } = network();
  const from = { kind: "all" } as const;
  const head = { kind: "message", from, message: "timeoutNow", term: "any" } as const;
  const faults: Extract<Fault, { kind: "message" }>[] = [
    { ...head, first: 1, act: "drop" },
    { ...head, first: 2, act: { delayMs: 5 } },
  ];
  for (const fault of faults) hitLinks(net.table, fault, [1]);
  net.changed();
  for (const term of [1, 2, 3]) send(1, 2, term);
  send(2, 1, 4);
  runUntil(20);
  expect(arrived).toEqual(["1: 1>2 3", "1: 2>1 4", "6: 1>2 2"]);
});
