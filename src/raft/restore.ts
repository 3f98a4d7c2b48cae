import { assert } from "../lib/assert.ts";
import { plus } from "../lib/ids.ts";
import type { Millis, RaftConfig } from "./api.ts";
import { RaftState, resetElectionTimer } from "./state.ts";

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
