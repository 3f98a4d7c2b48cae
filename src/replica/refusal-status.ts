import { unreachable } from "../lib/assert.ts";
import type { Refusal } from "../raft/api.ts";
import { STATUS } from "../wire/errors.ts";

/** What a client is told when the core refuses its request. */
export function refusalStatus(reason: Refusal): number {
  switch (reason) {
    case "notLeader":
    case "transferring": // The hint names who is to lead: not yet perhaps, and then soon.
      return STATUS.notLeader.code;
    case "overloaded":
      return STATUS.overloaded.code;
    default:
      return unreachable(reason);
  }
}
