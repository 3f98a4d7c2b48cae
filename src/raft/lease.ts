import { confirmedReadSeq, type RaftState } from "./state.ts";

/**
 * Leader leases (thesis §6.4.1): while one is valid no other leader can exist, so that a read needs
 * no round of heartbeats.
 *
 * A voter that answers a heartbeat that asks for it (`lease`) votes for nobody, itself included, for
 * electionTimeoutMin from when it received it, across a restart too, and even if it loses the leader
 * meanwhile (onPeerLost). So a quorum's answers to a round keep every other candidate out until that
 * long after the round was *sent*; less by what our clock may be slow.
 */

/** Remembers when the round of heartbeats that is about to leave was sent. */
export function noteRound(s: RaftState): void {
  forgetConfirmed(s);
  s.roundsSent.push({ seq: s.readSeq, at: s.now });
}

/**
 * Whether a read may be served now without a round. Not before the no-op of the term is committed,
 * and in no leadership that has sent TimeoutNow: that message makes voters give their votes early,
 * and may be delivered at any later time.
 */
export function leaseIsValid(s: RaftState): boolean {
  if (!s.config.leaseReads) return false;
  if (s.role !== "leader" || s.timeoutNowSent || s.log.commitIndex < s.termStartIndex) return false;
  if (s.quiescent) return false;
  forgetConfirmed(s);
  const { electionTimeoutMinMs, clockDriftMax } = s.config;
  return s.now < s.leaseStart + electionTimeoutMinMs * (1 - clockDriftMax);
}

/** The lease starts when the newest round that a quorum has answered was sent. */
function forgetConfirmed(s: RaftState): void {
  const confirmed = confirmedReadSeq(s);
  let count = 0;
  for (const { seq, at } of s.roundsSent) {
    if (seq > confirmed) break;
    s.leaseStart = at;
    count++;
  }
  s.roundsSent.splice(0, count);
}
