import { expect, test } from "bun:test";
import type { NodeView } from "../../live/document.ts";
import { lanesOf } from "./lanes-model.ts";

const node = (id: number, part: Partial<NodeView>): NodeView => ({
  ...{ id, role: "follower", term: 1, commitIndex: 0, appliedIndex: 0, lastIndex: 0 },
  ...{ durableIndex: 0, snapshotIndex: 0, votedFor: 1, pid: 1, httpPort: 1, rssBytes: 0 },
  ...{ peers: [], ...part },
});

test("lanes: all show the same indexes, and marks stand in the order of a log", () => {
  const sent = { votes: 0, appends: 0, heartbeats: 0, replies: 0, snapshots: 0 };
  const follower = { matchIndex: 500, nextIndex: 501, state: "replicate" };
  const lead = { role: "leader", commitIndex: 990, appliedIndex: 980, lastIndex: 1000 } as const;
  const { from, to, lanes } = lanesOf([
    node(1, { ...lead, snapshotIndex: 400, peers: [{ id: 2, sent, follower }] }),
    node(2, { commitIndex: 500, appliedIndex: 490, lastIndex: 500 }),
  ]);
  expect([from, to]).toEqual([362, 1000]);
  for (const { snapshot, applied, committed, last } of lanes) {
    const places = [snapshot, applied, committed, last];
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places.every((place) => place >= 0 && place <= 1)).toBe(true);
  }
  expect(lanes[0]!.known).toBeNull();
  expect(lanes[1]!.known).toMatchObject({ follower, match: lanes[1]!.last });
});

test("lanes: an empty cluster and one at rest are drawn too", () => {
  expect(lanesOf([]).lanes).toEqual([]);
  const [lane] = lanesOf([node(1, { lastIndex: 3, commitIndex: 3, appliedIndex: 3 })]).lanes;
  expect([lane!.snapshot, lane!.applied, lane!.last]).toEqual([0, 1, 1]);
});
