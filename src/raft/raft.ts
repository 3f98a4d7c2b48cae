import { broken, unreachable } from "../lib/assert.ts";
import { asIndex, maxIndex, NO_NODE } from "../lib/ids.ts";
import type { Millis, Raft, RaftConfig, RaftInput, RaftStatus } from "./api.ts";
import {
  ackOverdueAt,
  onAcksOverdue,
  onAppendEntries,
  onAppendResponse,
  onHeartbeat,
  onHeartbeatResponse,
} from "./append.ts";
import { maybeCommit } from "./commit.ts";
import { detailsOf, entriesOf } from "./describe.ts";
import {
  onLeaderDeadline,
  onOwnVoteDurable,
  onPeerLost,
  onVoteRequest,
  onVoteResponse,
  startPreVote,
} from "./election.ts";
import { appliedMeta, onSnapshotTaken } from "./compact.ts";
import { onChangeMembership } from "./membership.ts";
import { onPropose, onReadIndex } from "./propose.ts";
import { isUse, wake } from "./quiesce.ts";
import { takeReady } from "./ready.ts";
import { restore } from "./restore.ts";
import { onInstallSnapshot, onSnapshotInstalled, onSnapshotRefused } from "./snapshot-receive.ts";
import { onSnapshotRead, onSnapshotResponse } from "./snapshot-send.ts";
import { becomeFollower, type RaftState, withholdsVote } from "./state.ts";
import { onTimeoutNow, onTransferLeadership } from "./transfer.ts";
import type { Message } from "./types.ts";

/** Makes a replica from what its disk holds, as a follower. `now` starts its election timer. */
export function createRaft(config: RaftConfig, now: Millis): Raft {
  return raftOver(restore(config, now));
}

export function raftOver(s: RaftState): Raft {
  return {
    step: (input, now) => step(s, input, now),
    takeReady: () => takeReady(s),
    deadline: () => deadlineOf(s),
    status: () => statusOf(s),
    details: () => detailsOf(s),
    entries: (first, last, bytesMax) => entriesOf(s, first, last, bytesMax),
    appliedMeta: () => appliedMeta(s),
  };
}

function deadlineOf(s: RaftState): Millis {
  if (s.quiescent) return Infinity;
  return s.role === "leader" ? Math.min(s.heartbeatAt, ackOverdueAt(s)) : s.electionAt;
}

function step(s: RaftState, input: RaftInput, now: Millis): void {
  if (!(now >= s.now)) broken(`time went back from ${s.now} to ${now}`);
  s.now = now;
  if (s.config.quiesce && isUse(s, input)) wake(s, input);
  switch (input.kind) {
    case "message":
      return onMessage(s, input.message);
    case "deadline":
      return onDeadline(s);
    case "propose":
      return onPropose(s, input);
    case "readIndex":
      return onReadIndex(s, input.tag, input.lease);
    case "persisted":
      return onPersisted(s, input.writeSeq);
    case "applied":
      if (input.index > s.log.commitIndex) broken(`applied ${input.index} beyond the commit index`);
      s.appliedIndex = maxIndex(s.appliedIndex, input.index);
      s.log.gatherTo(s.appliedIndex, s.config.gatherBytes);
      return;
    case "peerUnreachable": {
      const progress = s.progress.get(input.peer);
      if (progress?.state === "replicate") progress.restart();
      return;
    }
    case "peerLost":
      return onPeerLost(s, input.peer);
    case "wake":
      return;
    case "changeMembership":
      return onChangeMembership(s, input);
    case "transferLeadership":
      return onTransferLeadership(s, input.tag, input.to);
    case "snapshotTaken":
      return onSnapshotTaken(s, input.lastIndex);
    case "snapshotRead":
      return onSnapshotRead(s, input);
    case "snapshotInstalled":
      return onSnapshotInstalled(s, input.lastIndex);
    case "snapshotRefused":
      return onSnapshotRefused(s, input.lastIndex);
    default:
      unreachable(input);
  }
}

/** Settles the term (paper §5.1), then hands the message to its handler. */
function onMessage(s: RaftState, m: Message): void {
  if (m.to !== s.id) broken(`message for ${m.to} reached ${s.id}`);
  if (!s.config.mayVote) return onlyListen(s, m);
  if (m.term > s.term) {
    // A pre-vote is of a term that nobody has entered yet: neither side adopts it.
    const hypothetical =
      (m.kind === "voteRequest" && m.pre) || (m.kind === "voteResponse" && m.pre && m.granted);
    // Whoever asks at the leader's wish disturbs nobody (thesis §4.2.3).
    if (m.kind === "voteRequest" && !m.pre && !m.transfer && withholdsVote(s)) return;
    if (!hypothetical) becomeFollower(s, m.term, isFromLeader(m) ? m.from : NO_NODE);
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
    case "installSnapshot":
      return onInstallSnapshot(s, m);
    case "snapshotResponse":
      return onSnapshotResponse(s, m);
    case "timeoutNow":
      return onTimeoutNow(s, m);
    default:
      unreachable(m);
  }
}

/** Tells a deposed leader or an outdated candidate the current term; drops the rest. */
function onStaleMessage(s: RaftState, m: Message): void {
  const { id: from, term } = s;
  if (isFromLeader(m)) {
    s.messages.push({ kind: "heartbeatResponse", from, to: m.from, term, readSeq: 0 });
  } else if (m.kind === "voteRequest") {
    const { pre } = m;
    s.messages.push({ kind: "voteResponse", from, to: m.from, term, pre, granted: false });
  }
}

const isFromLeader = ({ kind }: Message): boolean =>
  kind === "appendEntries" ||
  kind === "heartbeat" ||
  kind === "installSnapshot" ||
  kind === "timeoutNow";

/** A node that lost its data (RaftConfig.mayVote): it promises nothing, but sees who leads. */
function onlyListen(s: RaftState, m: Message): void {
  if (m.term >= s.term && isFromLeader(m)) becomeFollower(s, m.term, m.from);
}

function onDeadline(s: RaftState): void {
  if (s.quiescent) return;
  if (s.role === "leader") {
    onAcksOverdue(s);
    if (s.now >= s.heartbeatAt) onLeaderDeadline(s);
  } else if (s.now >= s.electionAt) {
    startPreVote(s);
  }
}

function onPersisted(s: RaftState, writeSeq: number): void {
  if (writeSeq <= s.durableSeq || writeSeq > s.writeSeq) broken(`write ${writeSeq} durable twice`);
  s.durableSeq = writeSeq;
  while (s.pendingWrites.length > 0 && s.pendingWrites[0]!.seq <= writeSeq) {
    const { lastIndex } = s.pendingWrites.shift()!;
    if (lastIndex > s.durableIndex) s.durableIndex = lastIndex;
  }
  onOwnVoteDurable(s);
  if (s.role === "leader") maybeCommit(s);
}

function statusOf(s: RaftState): RaftStatus {
  const { id, role, term, leaderId, appliedIndex, durableIndex, membership } = s;
  const { lastIndex, commitIndex } = s.log;
  const snapshotIndex = s.snapshot?.lastIndex ?? asIndex(0);
  // Written out: called after every simulated turn, and a spread costs five times as much.
  return {
    id,
    role,
    term,
    leaderId,
    lastIndex,
    commitIndex,
    appliedIndex,
    durableIndex,
    snapshotIndex,
    membership,
  };
}
