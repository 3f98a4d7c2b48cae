import { broken } from "../lib/assert.ts";
import type { NodeId } from "../lib/ids.ts";
import type { Millis } from "./api.ts";
import { mayCampaign, startElection } from "./election.ts";
import type { RaftState } from "./state.ts";
import type { TimeoutNow } from "./types.ts";

/** A transfer of leadership under way (thesis §3.10). */
export type Transfer = {
  readonly tag: number;
  readonly to: NodeId;
  readonly giveUpAt: Millis;
};

/**
 * Hands leadership to a voter: bring it up to date, while proposals are refused, then let it start
 * an election at once. If nothing came of it by the deadline we lead on.
 */
export function onTransferLeadership(s: RaftState, tag: number, to: NodeId): void {
  const refuse = (reason: string) => s.outcomes.push({ tag, outcome: "refused", reason });
  if (s.role !== "leader") return void refuse("not the leader");
  if (s.transfer !== null) return void refuse(`a transfer to node ${s.transfer.to} is under way`);
  if (to === s.id) return void s.outcomes.push({ tag, outcome: "done", reason: "leads already" });
  if (!s.membership.voters.includes(to)) return void refuse(`node ${to} is not a voter`);
  s.transfer = { tag, to, giveUpAt: s.now + s.config.transferTimeoutMs };
}

/** Leader, once a Ready: the target has everything, so it may start; again with each heartbeat. */
export function advanceTransfer(s: RaftState): void {
  const { to, giveUpAt } = s.transfer!;
  if (s.now >= giveUpAt) return giveUpTransfer(s, "it took too long");
  const progress = s.progress.get(to);
  if (progress === undefined || !s.membership.voters.includes(to)) {
    return giveUpTransfer(s, `node ${to} is no voter any more`);
  }
  // All of it is committed, too: whoever waits for an entry of ours has its answer before we step down.
  const { lastIndex, commitIndex } = s.log;
  if (progress.matchIndex < lastIndex || commitIndex < lastIndex) return;
  if (s.timeoutNowSent && !s.heartbeatDue) return;
  sendTimeoutNow(s, to);
}

/** From here on no lease of this leadership is valid (lease.ts). */
export function sendTimeoutNow(s: RaftState, to: NodeId): void {
  s.timeoutNowSent = true;
  const { id: from, term } = s;
  s.messages.push({ kind: "timeoutNow", from, to, term });
}

/** The leader wants us to take over. raft.ts has settled the term. */
export function onTimeoutNow(s: RaftState, m: TimeoutNow): void {
  if (s.role === "leader") broken(`two leaders in term ${s.term}: ${s.id} and ${m.from}`);
  if (mayCampaign(s)) startElection(s, true);
}

/** A leader was heard: if it is the one that we meant, the transfer is done. */
export function settleTransfer(s: RaftState, leader: NodeId): void {
  if (s.transfer === null) return;
  const { tag, to } = s.transfer;
  if (leader !== to) return giveUpTransfer(s, `node ${leader} was elected`);
  s.outcomes.push({ tag, outcome: "done", reason: `node ${to} leads` });
  s.transfer = null;
}

export function giveUpTransfer(s: RaftState, reason: string): void {
  if (s.transfer === null) return;
  s.outcomes.push({ tag: s.transfer.tag, outcome: "failed", reason });
  s.transfer = null;
}
