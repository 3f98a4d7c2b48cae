import { expect, test } from "bun:test";
import type { NodeView } from "../../live/document.ts";
import { Traffic } from "./traffic.ts";

const NONE = { votes: 0, appends: 0, heartbeats: 0, replies: 0, snapshots: 0 };
const node = (sent: Partial<typeof NONE>, pid = 1): NodeView => ({
  ...{ id: 1, role: "leader", term: 1, commitIndex: 0, appliedIndex: 0, lastIndex: 0 },
  ...{ durableIndex: 0, snapshotIndex: 0, votedFor: 1, pid, httpPort: 1, rssBytes: 0 },
  peers: [{ id: 2, sent: { ...NONE, ...sent }, follower: null }],
});
const never = (): number => 0.99;

test("traffic: what was sent before the first look is no news, what comes after is", () => {
  const traffic = new Traffic();
  expect(traffic.plan([node({ appends: 50 })], [], 150, never)).toEqual([]);
  const dots = traffic.plan([node({ appends: 52, votes: 1 })], [], 150, never);
  expect(dots.map(({ kind, reach }) => `${kind} ${reach}`)).toEqual([
    ...["votes 1", "appends 1", "appends 1"],
  ]);
  expect(traffic.plan([node({ appends: 52, votes: 1 })], [], 150, never)).toEqual([]);
});

test("traffic: thousands of messages are a few dots, and a new process begins anew", () => {
  const traffic = new Traffic();
  traffic.plan([node({ appends: 1 })], [], 150, never);
  expect(traffic.plan([node({ appends: 9_000 })], [], 150, never)).toHaveLength(3);
  expect(traffic.plan([node({ appends: 5 }, 2)], [], 150, never)).toEqual([]);
  expect(traffic.plan([node({ appends: 6 }, 2)], [], 150, never)).toHaveLength(1);
});

test("traffic: on a cut link nothing arrives, on a slow one it takes longer", () => {
  const link = { from: 1, to: 2, cut: true, loss: 0, delayMs: 0 };
  const traffic = new Traffic();
  traffic.plan([node({})], [], 150, never);
  const [lost] = traffic.plan([node({ appends: 1 })], [link], 150, never);
  expect(lost!.reach).toBeLessThan(1);
  const [slow] = traffic.plan(
    ...([[node({ appends: 2 })], [{ ...link, cut: false, delayMs: 300 }], 150, never] as const),
  );
  expect(slow).toMatchObject({ reach: 1, travelMs: lost!.travelMs + 300 });
});
