import { expect, test } from "bun:test";
import type { Check } from "../../report/schema.ts";
import { asNode } from "../../lib/ids.ts";
import { describeMessage } from "../../raft/describe.ts";
import { RAFT_DEFAULTS, type Raft } from "../../raft/api.ts";
import { createRaft } from "../../raft/raft.ts";
import type { Message } from "../../raft/types.ts";
import { recordingRaft } from "../../replica/record.ts";
import { coreRandom } from "../../replica/recording.ts";
import { messagesWithin } from "./messages.ts";
import { realStory } from "./real-story.ts";

const WALL_MS = 1_700_000_000_000;
const ids = [1, 2, 3].map(asNode);

type Recorded = { readonly raft: Raft; readonly bytes: () => Uint8Array };

/** A node whose own clock began so many ms before the others': recordings must not care. */
function recordedNode(id: number, ownMs: number): Recorded {
  const chunks: Uint8Array[] = [];
  const membership = { voters: ids, votersOutgoing: [], learners: [] };
  const config = { ...RAFT_DEFAULTS, id: asNode(id), membership, restored: null };
  const core = createRaft({ ...config, random: coreRandom(id) }, ownMs);
  const start = { config, seed: id, now: ownMs, wallMs: WALL_MS };
  const raft = recordingRaft(core, start, (chunk) => chunks.push(chunk.slice()));
  return { raft, bytes: () => Buffer.concat(chunks) };
}

/** Node 1 is elected at 1,000 ms; a message takes 1 ms, and node 3 hears nothing. */
function election(): {
  readonly recordings: readonly Uint8Array[];
  readonly sent: readonly Message[];
} {
  const offsets = [0, 5_000, 70_000];
  const nodes = offsets.map((ms, i) => recordedNode(i + 1, ms));
  const sent: Message[] = [];
  let queue: Message[] = [];
  const drain = (i: number, atMs: number): void => {
    const { raft } = nodes[i]!;
    for (let ready = raft.takeReady(); ready !== null; ready = raft.takeReady()) {
      const out = [...ready.messages, ...ready.messagesAfterPersist];
      queue.push(...out);
      sent.push(...out);
      if (ready.writeSeq > 0) {
        raft.step({ kind: "persisted", writeSeq: ready.writeSeq }, atMs + offsets[i]!);
      }
    }
  };
  nodes[0]!.raft.step({ kind: "deadline" }, 1_000);
  drain(0, 1_000);
  for (let atMs = 1_001; queue.length > 0 && atMs < 1_020; atMs++) {
    const now = queue;
    queue = [];
    for (const message of now.filter(({ to }) => to !== 3)) {
      nodes[message.to - 1]!.raft.step(
        { kind: "message", message },
        atMs + offsets[message.to - 1]!,
      );
      drain(message.to - 1, atMs);
    }
  }
  expect(nodes[0]!.raft.status().role).toBe("leader");
  return { recordings: nodes.map(({ bytes }) => bytes()), sent };
}

test("messages of recordings: each is sent once and arrives a millisecond later, or is lost", () => {
  const { recordings, sent } = election();
  const span = { fromMs: WALL_MS, toMs: WALL_MS + 10_000 };
  const found = messagesWithin(recordings, span);
  expect(found.map(({ message }) => describeMessage(message)).toSorted()).toEqual(
    sent.map(describeMessage).toSorted(),
  );
  for (const { message, sentMs, arrivedMs } of found) {
    expect(arrivedMs === null).toBe(message.to === 3);
    if (arrivedMs !== null) expect(arrivedMs - sentMs).toBe(1);
    expect(sentMs).toBeGreaterThanOrEqual(WALL_MS + 1_000);
  }
  expect(messagesWithin(recordings, { fromMs: WALL_MS, toMs: WALL_MS + 900 })).toEqual([]);
});

const startUs = (WALL_MS + 900) * 1000;
const evidence = [
  {
    process: 4,
    text: "put k v1 → version 2",
    callUs: startUs + 95_000,
    returnUs: startUs + 99_000,
  },
  { process: 9, text: "get k → v0", callUs: startUs + 110_000, returnUs: startUs + 112_000 },
];
const check: Check = { name: "linearizable", verdict: "fail", detail: "", evidence };
const bands = [
  { kind: "pause", label: "pause leader", nodes: [3], fromUs: startUs, toUs: startUs + 111_000 },
  { kind: "loss", label: "lose", nodes: [1], fromUs: startUs - 500_000, toUs: startUs - 1_000 },
];
const happened = { checks: [check], nodes: 3, startUs, bands, recordings: [], events: [] };

test("story of a real run: operations, messages and faults in one order of time", () => {
  const { recordings } = election();
  const events = [
    { kind: "becameLeader", node: 1, term: 1, atUs: startUs + 102_000 },
    { kind: "becameLeader", node: 2, term: 9, atUs: startUs + 9_000_000 },
  ] as const;
  const story = realStory({ ...happened, events, recordings })!;
  expect(story.lanes).toEqual(["n1", "n2", "n3", "c4", "c9"]);
  const times = story.rows.map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const texts = story.rows.map(({ text }) => text);
  expect(texts).toContain("c4 asks put k v1");
  expect(texts).toContain("c9 is told get k → v0");
  expect(texts).toContain("pause leader: over for n3");
  expect(texts).toContain("n1 is leader of term 1");
  expect(texts.some((text) => text.startsWith("1→2 vote?"))).toBe(true);
  // What was over before, or came long after, has no row, but a paused node is drawn as one.
  expect(texts.join()).not.toContain("lose");
  expect(texts.join()).not.toContain("term 9");
  expect(story.rows[0]!.states[2]).toBe("paused");
  expect(story.rows.at(-1)!.states[2]).toBe("up");
});

test("story of a real run: without recordings it says that the messages are not known", () => {
  expect(realStory(happened)?.about).toContain("not recorded");
  expect(realStory({ ...happened, checks: [{ ...check, verdict: "pass" }] })).toBeNull();
});
