import { expect, test } from "bun:test";
import { CLEAR_LINK } from "../fault/vocabulary.ts";
import { RAFT_DEFAULTS } from "../raft/api.ts";
import type { SimSchedule } from "./api.ts";
import { storyLines } from "./story-text.ts";
import { storyOf } from "./story.ts";
import { drawSchedule } from "./swarm.ts";

const short: SimSchedule = {
  ...{ version: 3, seed: 2, nodes: 3, spares: 0, durationMs: 1_500 },
  config: {
    ...RAFT_DEFAULTS,
    ...{ leaseReads: false, snapshotEveryBytes: 0, turnMs: 0, clocks: [], homeShare: 0 },
    ...{ clients: 1, timeoutMs: 1_000, attemptTimeoutMs: 300 },
    link: { ...CLEAR_LINK, delayMs: 1, jitterMs: 2 },
    disk: { latencyMs: 0.5, jitterMs: 1 },
    ...{ segments: { first: 4_096, max: 16_384 }, syncNowBytesMax: 0 },
  },
  operations: [{ atMs: 900, client: 0, op: "put", key: 0 }],
  actions: [
    {
      ...{ atMs: 1_000, kind: "fault" },
      fault: { kind: "powerLoss", nodes: { kind: "node", id: 2 }, keeps: "nothing" },
    },
    { atMs: 1_200, kind: "fault", fault: { kind: "restart", nodes: { kind: "all" } } },
  ],
};

test("story: faults, leaders and what clients were told are in it, in order of time", () => {
  const story = storyOf(short);
  expect(story.lanes).toEqual(["n1", "n2", "n3", "c0"]);
  const texts = story.rows.map(({ text }) => text);
  expect(texts).toContain("n2 loses power; of what is not synced nothing is left");
  expect(texts).toContain("restart n2 (all)");
  expect(texts).toContain("c0 asks put k0 v1");
  expect(texts.some((text) => / is leader of term /.test(text))).toBe(true);
  const times = story.rows.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(story.title).toBe("every invariant held");
  expect(story.result.verdict).toBe("pass");
});

test("story: a crash that an action made is told once, and its lane ends there", () => {
  const { rows } = storyOf(short);
  const crash = rows.findIndex(({ kind }) => kind === "crash");
  expect(rows.filter(({ kind }) => kind === "crash").length).toBe(1);
  expect(rows[crash]!.states).toEqual(["up", "down", "up", "up"]);
  expect(rows.at(-1)!.states).toEqual(["up", "up", "up", "up"]);
});

test("story: text stays within 40 lines of 140 characters, however long the run", () => {
  const lines = storyLines(storyOf(drawSchedule(4, { durationMs: 4_000 })));
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(140);
  expect(lines.at(-1)).toMatch(/\(\d+ lesser events left out\)/);
});

test("story: arrows go from lane to lane; what is lost ends on its way", () => {
  const states = ["up", "down", "up"] as const;
  const base = { atMs: 1, sentMs: 0.5, states, text: "words" };
  const story = {
    ...{ title: "QC: broken", lanes: ["n1", "n2", "n3"], leftOut: 0 },
    rows: [
      { ...base, kind: "message", fromLane: 0, lane: 2 },
      { ...base, kind: "message", fromLane: 2, lane: 0 },
      { ...base, kind: "lost", fromLane: 0, lane: 2 },
      { ...base, kind: "leader", fromLane: -1, lane: 0 },
    ],
    result: storyOf({ ...short, durationMs: 1, actions: [], operations: [] }).result,
  } as const;
  expect(storyLines(story).map((line) => line.trimEnd())).toEqual([
    "       ms  n1   n2   n3",
    "     1.00  ●─────────▶      words",
    "     1.00  ◀─────────●      words",
    "     1.00  ●──✕      │      words",
    "     1.00  ★         │      words",
    expect.stringMatching(/✓ QC: broken$/),
  ]);
});
