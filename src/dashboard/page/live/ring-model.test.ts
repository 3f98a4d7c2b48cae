import { describe, expect, test } from "bun:test";
import type { NodeView } from "../../live/document.ts";
import {
  cutOff,
  leaderOf,
  linksAt,
  nodeLabel,
  pairsOf,
  pairText,
  partitionText,
  placesOf,
  roomFor,
} from "./ring-model.ts";

const node = (id: number, role: NodeView["role"], term = 3): NodeView => ({
  ...{ id, role, term, commitIndex: 40, appliedIndex: 40, lastIndex: 41, durableIndex: 41 },
  ...{ snapshotIndex: 0, votedFor: 2, pid: 1, httpPort: 1, rssBytes: 0, peers: [] },
});
const five = [1, 2, 3, 4, 5];

describe("ring", () => {
  test("no two nodes touch and none leaves the picture, at any number and width", () => {
    for (const [width, height] of [
      [330, 330],
      [720, 430],
    ] as const) {
      for (let n = 2; n <= 9; n++) {
        const places = placesOf(
          Array.from({ length: n }, (_, i) => i + 1),
          width,
          height,
        );
        for (const [i, a] of places.entries()) {
          expect(a.x - 27 >= 0 && a.x + 27 <= width && a.y - 27 >= 0).toBe(true);
          expect(a.y + 27 + 30).toBeLessThanOrEqual(height);
          for (const b of places.slice(i + 1)) {
            expect(Math.hypot(a.x - b.x, a.y - b.y), `${n} at ${width}`).toBeGreaterThan(56);
          }
        }
      }
    }
  });

  test("words below the nodes give way where nodes are close", () => {
    const room = (n: number, width: number, height: number): string =>
      roomFor(
        placesOf(
          Array.from({ length: n }, (_, i) => i + 1),
          width,
          height,
        ),
      );
    expect([room(5, 635, 419), room(9, 635, 419), room(9, 346, 320)]).toEqual([
      ...["wide", "tight", "dense"],
    ]);
    expect(room(1, 346, 320)).toBe("wide");
  });

  test("a line across the ring cuts the smaller side off, in either direction", () => {
    const places = placesOf(five, 600, 400);
    const [top, bottom] = [
      { x: 380, y: -50 },
      { x: 380, y: 450 },
    ];
    const right = places.filter(({ x }) => x > 380).map(({ id }) => id);
    expect(right).toEqual([2, 3]);
    expect(cutOff(places, top, bottom)).toEqual(right);
    expect(cutOff(places, bottom, top)).toEqual(right);
    expect(cutOff(places, { x: 0, y: 0 }, { x: 0, y: 400 })).toBeNull();
    expect(partitionText(right, five)).toBe("{2, 3} | {1, 4, 5}");
  });

  test("a link's mark says what acts on it, and on which direction if on one alone", () => {
    const slow = { cut: false, loss: 0.2, delayMs: 50 };
    const text = (links: Parameters<typeof pairsOf>[1]): string =>
      pairText(pairsOf([1, 2], links)[0]!);
    expect(text([])).toBe("");
    expect(text([{ from: 1, to: 2, ...slow, cut: true }])).toBe("1→2 ✕");
    const both = [
      { from: 1, to: 2, ...slow },
      { from: 2, to: 1, ...slow },
    ];
    expect(text(both)).toBe("20 % · 50 ms");
    expect(pairsOf(five, [])).toHaveLength(10);
  });

  test("the links of some nodes, or of all", () => {
    expect(linksAt([1, 2, 3], [])).toHaveLength(6);
    expect(linksAt([1, 2, 3], [3]).map(({ from, to }) => `${from}${to}`)).toEqual([
      ...["13", "23", "31", "32"],
    ]);
  });

  test("a node in words; of two leaders that of the higher term", () => {
    expect(nodeLabel(node(1, "follower"))).toBe(
      "Node 1 follower term 3 · voted 2, commit index 40",
    );
    expect(nodeLabel(node(2, "down"))).toBe("Node 2 down");
    expect(leaderOf([node(1, "leader", 3), node(2, "leader", 4)])?.id).toBe(2);
    expect(leaderOf([node(1, "follower")])).toBeNull();
  });
});
