import { unreachable } from "../lib/assert.ts";
import type { Refusal } from "../raft/api.ts";
import { STATUS } from "../wire/errors.ts";

/** What a client is told when the core refuses its request. */
export function refusalStatus(reason: Refusal): number {
  switch (reason) {
    case "notLeader":
      return STATUS.notLeader.code;
    case "overloaded":
    case "transferring": // It is over within a second: worth a retry, here or elsewhere.
      return STATUS.overloaded.code;
    default:
      return unreachable(reason);
  }
}
