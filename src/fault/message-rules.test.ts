import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { LinkFaults } from "./link-faults.ts";
import { LinkTable } from "./link-table.ts";
import { type FrameMeaning, TermWatch } from "./message-rules.ts";
import type { MessageFault, MessageName } from "./vocabulary.ts";

const frame = (message: MessageName, term: number, pre = false): FrameMeaning => ({
  message,
  term,
  pre,
});
const fault = (changes: Partial<MessageFault>): MessageFault => ({
  ...{ kind: "message", from: { kind: "all" }, message: "appendResponse" },
  ...{ term: "any", first: null, act: "drop" },
  ...changes,
});

/** The links of three nodes, with faults that begin at node 1. */
function links(...faults: readonly MessageFault[]) {
  const table = new LinkTable([1, 2, 3]);
  const terms = new TermWatch();
  const all = new Map<string, LinkFaults>();
  for (const { from, to } of table.settings) {
    all.set(`${from}>${to}`, new LinkFaults(new Prng(1), terms));
  }
  const apply = (): void => {
    for (const { from, to, state } of table.settings) all.get(`${from}>${to}`)!.set(state);
  };
  for (const each of faults) table.rule([1], each);
  apply();
  const offer = (link: string, meaning: FrameMeaning) => all.get(link)!.offer(10, 50, meaning);
  return { table, apply, offer, all };
}

test("MessageRules: a rule hits its message alone, on links that begin at its nodes", () => {
  const { offer } = links(fault({}));
  expect(offer("1>2", frame("appendResponse", 1))).toEqual([]);
  expect(offer("1>3", frame("appendResponse", 1))).toEqual([]);
  expect(offer("1>2", frame("voteResponse", 1))).toEqual([10]);
  expect(offer("2>1", frame("appendResponse", 1))).toEqual([10]);
});

test("MessageRules: `first` counts on each link, and goes on counting when other faults come", () => {
  const { table, apply, offer } = links(fault({ message: "installSnapshot", first: 3 }));
  const chunk = frame("installSnapshot", 2);
  expect(offer("1>2", chunk)).toEqual([]);
  expect(offer("1>2", chunk)).toEqual([]);
  table.rule([2], fault({}));
  apply();
  expect(offer("1>2", chunk)).toEqual([]);
  expect(offer("1>2", chunk)).toEqual([10]);
  expect(offer("1>3", chunk)).toEqual([]);
});

test("MessageRules: older terms are those below what any link has carried; a pre-vote counts not", () => {
  const { offer } = links(fault({ term: "older" }));
  expect(offer("1>2", frame("appendResponse", 4))).toEqual([10]);
  offer("2>3", frame("voteRequest", 6, true));
  expect(offer("1>2", frame("appendResponse", 4))).toEqual([10]);
  offer("2>3", frame("heartbeat", 5));
  expect(offer("1>2", frame("appendResponse", 4))).toEqual([]);
  expect(offer("1>2", frame("appendResponse", 5))).toEqual([10]);
});

test("MessageRules: copies arrive with the first; a delayed frame is overtaken", () => {
  const { offer } = links(
    fault({ message: "voteResponse", act: "duplicate" }),
    fault({ message: "appendResponse", act: { delayMs: 700 } }),
  );
  expect(offer("1>2", frame("voteResponse", 1))).toEqual([10, 10]);
  expect(offer("1>2", frame("appendResponse", 1))).toEqual([710]);
  expect(offer("1>2", frame("heartbeat", 1))).toEqual([10]);
});

test("MessageRules: heal ends them, and links are transparent again", () => {
  const { table, apply, offer, all } = links(fault({ term: "older" }));
  expect([...all.values()].some((link) => link.transparent)).toBe(false);
  table.heal();
  apply();
  expect([...all.values()].every((link) => link.transparent)).toBe(true);
  expect(offer("1>2", frame("appendResponse", 1))).toEqual([10]);
});
