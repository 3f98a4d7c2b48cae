import { expect, test } from "bun:test";
import type { NodeView } from "../../live/document.ts";
import { faultButtons, selectionText, worstOf } from "./faults-model.ts";

const node = (id: number, role: NodeView["role"]): NodeView => ({
  ...{ id, role, term: 1, commitIndex: 0, appliedIndex: 0, lastIndex: 0, durableIndex: 0 },
  ...{ snapshotIndex: 0, votedFor: 1, pid: 1, httpPort: 1, rssBytes: 0, peers: [] },
});
const nodes = [node(1, "leader"), node(2, "paused"), node(3, "down"), node(4, "follower")];
const asked = (selected: readonly number[], mayCut = true): Record<string, readonly number[]> =>
  Object.fromEntries(faultButtons(nodes, selected, mayCut).map((b) => [b.kind, b.nodes]));

test("fault buttons: each names those of the selected nodes that it can act on", () => {
  expect(asked([1, 2, 3])).toEqual({
    ...{ crash: [1, 2], pause: [1], resume: [2], restart: [3] },
    ...{ isolate: [1, 2, 3], partition: [1, 2, 3] },
  });
  expect(Object.values(asked([])).flat()).toEqual([]);
  expect(asked([1, 2, 3, 4])["partition"]).toEqual([]);
  expect(asked([1], false)).toMatchObject({ crash: [1], isolate: [], partition: [] });
});

test("fault buttons: the selection in words, and what acts on its links", () => {
  expect(selectionText(nodes, [1, 4])).toBe("Selected: nodes 1 (leader), 4");
  const link = { from: 1, to: 2, cut: false, loss: 0.3, delayMs: 20 };
  expect(worstOf([1, 2, 3], [link], [])).toEqual({ loss: 0.3, delayMs: 20 });
  expect(worstOf([1, 2, 3], [link], [3])).toEqual({ loss: 0, delayMs: 0 });
});
