import { assert, unreachable } from "../lib/assert.ts";
import { NO_NODE, plus } from "../lib/ids.ts";
import type { Millis, Raft, RaftConfig, RaftInput, RaftStatus, Ready } from "./api.ts";
import {
  broadcastHeartbeat,
  onAppendEntries,
  onAppendResponse,
  onHeartbeat,
  onHeartbeatResponse,
  replicate,
} from "./append.ts";
import { lastIndexOf } from "./batch.ts";
import { maybeCommit } from "./commit.ts";
import {
  onLeaderDeadline,
  onOwnVoteDurable,
  onVoteRequest,
  onVoteResponse,
  startPreVote,
} from "./election.ts";
import { beginReadRound, onPropose, onReadIndex, takeConfirmedReads } from "./propose.ts";
import {
  becomeFollower,
  hearsQuorum,
  leaderIsAlive,
  RaftState,
  resetElectionTimer,
} from "./state.ts";
import type { EntryBatch, Message } from "./types.ts";

/** Entry bytes handed out as committed in one Ready, so that applying never blocks for long. */
const COMMITTED_BYTES_MAX = 4 << 20;
const NOTHING: readonly never[] = [];

/** Makes a replica from what its disk holds, as a follower. `now` starts its election timer. */
export function createRaft(config: RaftConfig, now: Millis): Raft {
  return raftOver(restore(config, now));
}

/** The state a replica starts from. Apart from createRaft so that tests can look inside. */
export function restore(config: RaftConfig, now: Millis): RaftState {
  const s = new RaftState(config);
  s.now = now;
  const { restored } = config;
  if (restored !== null) {
    assert(restored.snapshot === null, "a snapshot cannot be restored by this version");
    s.term = restored.hardState.term;
    s.votedFor = restored.hardState.votedFor;
    s.log.append(s.log.snapshotIndex, restored.batches);
    s.durableIndex = s.log.lastIndex;
    s.persistFrom = plus(s.log.lastIndex, 1);
    assert(s.log.lastTerm <= s.term, `log of term ${s.log.lastTerm}, hard state of ${s.term}`);
  }
  resetElectionTimer(s);
  return s;
}

export function raftOver(s: RaftState): Raft {
  return {
    step: (input, now) => step(s, input, now),
    takeReady: () => takeReady(s),
    deadline: () => (s.role === "leader" ? s.heartbeatAt : s.electionAt),
    status: () => statusOf(s),
  };
}

function step(s: RaftState, input: RaftInput, now: Millis): void {
  assert(now >= s.now, `time went back from ${s.now} to ${now}`);
  s.now = now;
  switch (input.kind) {
    case "message":
      return onMessage(s, input.message);
    case "deadline":
      return onDeadline(s);
    case "propose":
      return onPropose(s, input);
    case "readIndex":
      return onReadIndex(s, input.tag);
    case "persisted":
      return onPersisted(s, input.writeSeq);
    case "applied":
      assert(input.index <= s.log.commitIndex, `applied ${input.index} beyond the commit index`);
      s.appliedIndex = input.index;
      return;
    case "peerUnreachable": {
      const progress = s.progress.get(input.peer);
      if (progress?.state === "replicate") progress.restart();
      return;
    }
    default:
      unreachable(input);
  }
}

/** Settles the term (paper §5.1), then hands the message to its handler. */
function onMessage(s: RaftState, m: Message): void {
  assert(m.to === s.id, `message for ${m.to} reached ${s.id}`);
  if (m.term > s.term) {
    // A pre-vote is of a term that nobody has entered yet: neither side adopts it.
    const hypothetical =
      (m.kind === "voteRequest" && m.pre) || (m.kind === "voteResponse" && m.pre && m.granted);
    if (m.kind === "voteRequest" && !m.pre && leaderIsAlive(s)) return;
    const fromLeader = m.kind === "appendEntries" || m.kind === "heartbeat";
    if (!hypothetical) becomeFollower(s, m.term, fromLeader ? m.from : NO_NODE);
  } else if (m.term < s.term) {
    return onStaleMessage(s, m);
  }
  switch (m.kind) {
    case "voteRequest":
      return onVoteRequest(s, m);
    case "voteResponse":
      return onVoteResponse(s, m);
    case "appendEntries":
      return onAppendEntries(s, m);
    case "appendResponse":
      return onAppendResponse(s, m);
    case "heartbeat":
      return onHeartbeat(s, m);
    case "heartbeatResponse":
      return onHeartbeatResponse(s, m);
    default:
      unreachable(m);
  }
}

/** Tells a deposed leader or an outdated candidate the current term; drops the rest. */
function onStaleMessage(s: RaftState, m: Message): void {
  const { id: from, term } = s;
  if (m.kind === "appendEntries" || m.kind === "heartbeat") {
    s.messages.push({ kind: "heartbeatResponse", from, to: m.from, term, readSeq: 0 });
  } else if (m.kind === "voteRequest") {
    const { pre } = m;
    s.messages.push({ kind: "voteResponse", from, to: m.from, term, pre, granted: false });
  }
}

function onDeadline(s: RaftState): void {
  if (s.role === "leader") {
    if (s.now >= s.heartbeatAt) onLeaderDeadline(s, hearsQuorum(s));
  } else if (s.now >= s.electionAt) {
    startPreVote(s);
  }
}

function onPersisted(s: RaftState, writeSeq: number): void {
  assert(writeSeq > s.durableSeq && writeSeq <= s.writeSeq, `write ${writeSeq} durable twice`);
  s.durableSeq = writeSeq;
  while (s.pendingWrites.length > 0 && s.pendingWrites[0]!.seq <= writeSeq) {
    const { lastIndex } = s.pendingWrites.shift()!;
    if (lastIndex > s.durableIndex) s.durableIndex = lastIndex;
  }
  onOwnVoteDurable(s);
  if (s.role === "leader") maybeCommit(s);
}

function takeReady(s: RaftState): Ready | null {
  if (s.role === "leader") {
    if (s.heartbeatDue) {
      s.heartbeatDue = false;
      beginReadRound(s);
      broadcastHeartbeat(s);
    }
    replicate(s);
    takeConfirmedReads(s);
  }
  const batches = takeUnpersisted(s);
  const hardState = s.hardStateChanged ? { term: s.term, votedFor: s.votedFor } : null;
  const writes = hardState !== null || batches.length > 0;
  const committed = takeCommitted(s);
  if (!writes && committed.length === 0 && !hasOutput(s)) return null;

  if (writes) {
    s.writeSeq++;
    s.pendingWrites.push({ seq: s.writeSeq, lastIndex: s.log.lastIndex });
  }
  const { role, term, leaderId } = s;
  const ready: Ready = {
    writeSeq: writes ? s.writeSeq : 0,
    hardState,
    batches,
    messages: s.messages,
    messagesAfterPersist: s.messagesAfterPersist,
    heldUntil: s.writeSeq,
    committed,
    proposed: s.proposed,
    reads: s.reads,
    refused: s.refused,
    softState: s.softStateChanged ? { role, term, leaderId } : null,
  };
  s.hardStateChanged = s.softStateChanged = false;
  s.messages = [];
  s.messagesAfterPersist = [];
  s.proposed = [];
  s.reads = [];
  s.refused = [];
  return ready;
}

const hasOutput = (s: RaftState): boolean =>
  s.softStateChanged ||
  s.messages.length +
    s.messagesAfterPersist.length +
    s.proposed.length +
    s.reads.length +
    s.refused.length >
    0;

function takeUnpersisted(s: RaftState): readonly EntryBatch[] {
  if (s.persistFrom > s.log.lastIndex) return NOTHING;
  const batches = s.log.from(s.persistFrom, Infinity);
  s.persistFrom = plus(s.log.lastIndex, 1);
  return batches;
}

function takeCommitted(s: RaftState): readonly EntryBatch[] {
  const { commitIndex } = s.log;
  if (s.committedTaken >= commitIndex) return NOTHING;
  const committed = s.log.from(plus(s.committedTaken, 1), COMMITTED_BYTES_MAX, commitIndex);
  s.committedTaken = lastIndexOf(committed[committed.length - 1]!);
  if (s.role === "leader") {
    for (const { bytes } of committed) s.uncommittedBytes -= bytes.length;
    if (s.uncommittedBytes < 0) s.uncommittedBytes = 0; // Entries of earlier terms were not counted.
  }
  return committed;
}

function statusOf(s: RaftState): RaftStatus {
  const { id, role, term, leaderId, appliedIndex, durableIndex, membership } = s;
  const { lastIndex, commitIndex, snapshotIndex } = s.log;
  const indexes = { lastIndex, commitIndex, appliedIndex, durableIndex, snapshotIndex };
  return { id, role, term, leaderId, ...indexes, membership };
}
