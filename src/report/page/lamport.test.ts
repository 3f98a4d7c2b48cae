import { expect, test } from "bun:test";
import { type LamportDiagram, lamportPage } from "./lamport.ts";

const up = ["up", "up"] as const;
const down = ["up", "down"] as const;
const diagram: LamportDiagram = {
  title: "LIN: <k1> & more",
  lanes: ["n1", "n2"],
  leftOut: 3,
  rows: [
    { atMs: 1, kind: "leader", lane: 0, fromLane: -1, sentMs: 1, text: "n1 leads", states: up },
    { atMs: 2, kind: "message", lane: 1, fromLane: 0, sentMs: 1.5, text: "1→2 append", states: up },
    { atMs: 3, kind: "crash", lane: 1, fromLane: -1, sentMs: 3, text: "crash n2", states: down },
    { atMs: 4, kind: "lost", lane: 1, fromLane: 0, sentMs: 4, text: "<b>lost</b>", states: down },
  ],
};

test("Lamport page: stands alone, and nothing in it can become markup", () => {
  const page = lamportPage(diagram, ["Repeat: ordeal sim --replay <file>"]);
  expect(page).not.toContain("http://");
  expect(page).not.toContain("https://");
  expect(page).not.toContain("<script");
  expect(page).not.toContain("<b>");
  expect(page).toContain("LIN: &lt;k1&gt; &amp; more");
  expect(page).toContain("3 lesser events are left out.");
  expect(page).toContain("Repeat: ordeal sim --replay &lt;file&gt;");
});

test("Lamport page: a message slopes down from its sender; a lane ends with its node", () => {
  const page = lamportPage(diagram, []).replaceAll(/\s+/g, " ");
  const numbers = (tag: string): number[] =>
    [...tag.matchAll(/[xy][12]="([\d.]+)"/g)].map(([, n]) => Number(n));
  const arrows = [...page.matchAll(/<line class="message[^>]*>/g)].map(([tag]) => numbers(tag));
  expect(arrows.length).toBe(2);
  const [x1, y1, x2, y2] = arrows[0]!;
  expect(x2).toBeGreaterThan(x1!);
  expect(y2).toBeGreaterThan(y1!);
  // The one that was lost does not arrive.
  expect(arrows[1]![2]! - arrows[1]![0]!).toBeLessThan(x2! - x1!);
  const lanes = [...page.matchAll(/<line class="lane up"[^>]*>/g)].map(([tag]) => numbers(tag));
  const ends = lanes.map(([, , , end]) => end!);
  expect(ends[1]).toBeLessThan(ends[0]!);
});
