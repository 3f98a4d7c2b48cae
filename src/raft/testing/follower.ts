import { asIndex, asNode, asTerm } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import {
  type Membership,
  RAFT_DEFAULTS,
  type RaftConfig,
  type Ready,
  type SnapshotMeta,
} from "../api.ts";
import { raftOver } from "../raft.ts";
import { restore } from "../restore.ts";
import type { AppendEntries, InstallSnapshot } from "../types.ts";
import { batchesOf, TEST_TIMERS } from "./cluster.ts";

export const membershipOf = (...voters: number[]): Membership => ({
  voters: voters.map(asNode),
  votersOutgoing: [],
  learners: [],
});

export const snapshotMeta = (lastIndex: number, lastTerm: number): SnapshotMeta => ({
  lastIndex: asIndex(lastIndex),
  lastTerm: asTerm(lastTerm),
  membership: membershipOf(1, 2, 3),
});

/** Node 2 of 1, 2 and 3, started at 0 on a log with these terms. */
export function follower(
  terms: readonly number[],
  term: number,
  overrides: Partial<RaftConfig> = {},
) {
  const state = restore(
    {
      ...RAFT_DEFAULTS,
      ...TEST_TIMERS,
      id: asNode(2),
      membership: membershipOf(1, 2, 3),
      restored: {
        hardState: { term: asTerm(term), votedFor: asNode(0) },
        snapshot: null,
        batches: batchesOf(terms),
      },
      random: new Prng(1),
      ...overrides,
    },
    0,
  );
  return { state, raft: raftOver(state) };
}

const head = (term: number) => ({ from: asNode(1), to: asNode(2), term: asTerm(term) });

/** From leader 1: entries with these terms after prevIndex@prevTerm. */
export const append = (
  term: number,
  [prevIndex, prevTerm]: readonly [number, number],
  commitIndex: number,
  terms: readonly number[],
): AppendEntries => ({
  ...head(term),
  kind: "appendEntries",
  prevIndex: asIndex(prevIndex),
  prevTerm: asTerm(prevTerm),
  commitIndex: asIndex(commitIndex),
  batches: batchesOf(terms).map((b) => ({ ...b, firstIndex: asIndex(b.firstIndex + prevIndex) })),
});

/** From leader 1: bytes [offset, end) of a snapshot of 10 bytes. */
export const chunk = (
  term: number,
  [lastIndex, lastTerm]: readonly [number, number],
  offset: number,
  end: number,
): InstallSnapshot => ({
  ...head(term),
  kind: "installSnapshot",
  ...snapshotMeta(lastIndex, lastTerm),
  totalBytes: 10,
  offset,
  data: new Uint8Array(end - offset),
});

/** All messages of a Ready, whether held or not. */
export const messagesOf = (ready: Ready | null) =>
  ready === null ? [] : [...ready.messages, ...ready.messagesAfterPersist];
