import { expect, test } from "bun:test";
import { OP_GET, OP_PUT, type OpCode } from "../kv/command.ts";
import { Prng } from "../lib/prng.ts";
import { PlainClerk, type PlainClerkOptions } from "./plain-clerk.ts";
import { DONE_FAIL, DONE_INFO, DONE_OK } from "./ports.ts";

const TIMEOUT_MS = 1_000;
const ATTEMPT_MS = 300;
const KEY = new Uint8Array([107]);

type Sent = { readonly node: number; readonly slot: number; readonly attempt: number };
type Ended = { readonly slot: number; readonly outcome: number; readonly at: number };

/** A clerk whose world is in the hands of the test. */
function world(changes: Partial<PlainClerkOptions> = {}) {
  const sent: Sent[] = [];
  const ended: Ended[] = [];
  const cancelled: number[] = [];
  const down = new Set<number>();
  const clerk = new PlainClerk(
    {
      ...{ slots: 4, nodes: 3, timeoutMs: TIMEOUT_MS, attemptTimeoutMs: ATTEMPT_MS },
      ...{ route: "any", homeShare: 0, prng: new Prng(1) },
      ...changes,
    },
    {
      send: (node, slot, attempt) => {
        if (down.has(node)) return false;
        sent.push({ node, slot, attempt });
        return true;
      },
      cancel: (slot) => void cancelled.push(slot),
      onDone: (slot, { outcome }, at) => void ended.push({ slot, outcome, at }),
    },
  );
  const start = (slot: number, op: OpCode, now = 0): void =>
    clerk.start(slot, op, 0, 0, KEY, KEY, now);
  /** Ticks at each deadline until `to`. */
  const runTo = (to: number): void => {
    while (clerk.deadline() <= to) clerk.tick(clerk.deadline());
  };
  return { clerk, sent, ended, cancelled, down, start, runTo };
}

test("plain clerk: slots spread over the nodes where any will do, and share the leader where not", () => {
  const any = world();
  for (const slot of [0, 1, 2, 3]) any.start(slot, OP_PUT);
  expect(any.sent.map(({ node }) => node)).toEqual([0, 1, 2, 0]);
  const one = world({ route: "leader" });
  for (const slot of [0, 1, 2, 3]) one.start(slot, OP_PUT);
  expect(one.sent.map(({ node }) => node)).toEqual([0, 0, 0, 0]);
});

test("plain clerk: a write that got lost is unknown, and never sent again", () => {
  const { clerk, sent, ended, start, runTo } = world();
  start(0, OP_PUT);
  clerk.lost(0, [0], 10);
  runTo(10 * TIMEOUT_MS);
  expect(sent.length).toBe(1);
  expect(ended).toEqual([{ slot: 0, outcome: DONE_INFO, at: 10 }]);
});

test("plain clerk: a write that was refused for sure goes to another node, and can succeed there", () => {
  const { clerk, sent, ended, start } = world();
  start(0, OP_PUT);
  clerk.refused(0, "refused", 5);
  expect(sent.map(({ node }) => node)).toEqual([0, 1]);
  const { attempt } = sent[1]!;
  expect(clerk.awaits(0, attempt - 1, 0, 6)).toBe(false);
  expect(clerk.awaits(0, attempt, 1, 6)).toBe(true);
  clerk.succeeded(0, DONE_OK, 1, 1, 6);
  expect(ended).toEqual([{ slot: 0, outcome: DONE_OK, at: 6 }]);
  expect(clerk.awaits(0, attempt, 1, 7)).toBe(false);
});

test("plain clerk: a write that nobody ever took fails for sure, when its time is up", () => {
  const { ended, sent, down, start, runTo } = world();
  for (const node of [0, 1, 2]) down.add(node);
  start(0, OP_PUT);
  runTo(TIMEOUT_MS);
  expect(sent).toEqual([]);
  expect(ended).toEqual([{ slot: 0, outcome: DONE_FAIL, at: TIMEOUT_MS }]);
});

test("plain clerk: an answer that never comes leaves a write unknown, and a read failed", () => {
  const { ended, cancelled, start, runTo } = world();
  start(0, OP_PUT);
  start(1, OP_GET);
  runTo(TIMEOUT_MS);
  expect(ended.map(({ slot, outcome }) => [slot, outcome]).sort()).toEqual([
    [0, DONE_INFO],
    [1, DONE_FAIL],
  ]);
  expect(cancelled).toContain(0);
});

test("plain clerk: a read leaves a silent node, and a node that has spoken since is waited for", () => {
  const { clerk, sent, cancelled, start, runTo } = world();
  start(1, OP_GET);
  clerk.awaits(1, sent[0]!.attempt + 1, 1, 200); // The node answered somebody else.
  runTo(ATTEMPT_MS + 1);
  expect(sent.length).toBe(1);
  runTo(200 + ATTEMPT_MS);
  expect(sent.map(({ node }) => node)).toEqual([1, 2]);
  expect(cancelled).toEqual([1]);
});

test("plain clerk: what refused, fell silent or is gone is passed over for a while", () => {
  const { clerk, sent, start } = world();
  clerk.lost(0, [], 0);
  start(0, OP_PUT, 10);
  expect(sent.at(-1)!.node).toBe(1);
  clerk.opened(0);
  start(3, OP_PUT, 20);
  expect(sent.at(-1)!.node).toBe(0);
});

test("plain clerk: the leader is whoever acted as one last", () => {
  const { clerk, sent, start } = world({ route: "leader" });
  start(0, OP_PUT);
  clerk.refused(0, "refused", 1);
  expect(sent.at(-1)!.node).toBe(1);
  clerk.succeeded(0, DONE_OK, 1, 1, 2);
  start(1, OP_GET, 3);
  expect(sent.at(-1)!.node).toBe(1);
});

test("plain clerk: an invalid write fails at once", () => {
  const { clerk, ended, sent, start } = world();
  start(0, OP_PUT);
  clerk.refused(0, "invalid", 1);
  expect(sent.length).toBe(1);
  expect(ended).toEqual([{ slot: 0, outcome: DONE_FAIL, at: 1 }]);
});
