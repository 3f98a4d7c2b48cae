import type { StatusName } from "../../wire/errors.ts";

/**
 * How each outcome reads in RESP: a code word, and what it means for who asked. Only UNKNOWN leaves open whether
 * a write took effect; after any other error it did not, and never will.
 */
export const RESP_ERRORS: Readonly<Record<StatusName, string>> = {
  ok: "ERR no error",
  notFound: "ERR no such key",
  versionMismatch: "BUSY the key changed each time it was tried; nothing was done",
  notLeader: "CLUSTERDOWN no leader is known; nothing was done",
  overloaded: "OVERLOADED a queue is full; nothing was done, try again after a pause",
  sessionExpired: "ERR no session",
  leadershipLost: "UNKNOWN outcome: the leader changed meanwhile; read the key to find out",
  invalid: "ERR the request breaks a limit",
  shuttingDown: "CLUSTERDOWN the node is stopping; nothing was done",
  timeout: "UNKNOWN outcome: no answer came in time; read the key to find out",
  wrongShard: "CLUSTERDOWN no group serves the key's shard now; nothing was done",
  noGroup: "CLUSTERDOWN no node of the key's group was reached; nothing was done",
};

/** A read does nothing, so that it cannot have an unknown outcome. */
export const READ_ERRORS: Readonly<Record<StatusName, string>> = {
  ...RESP_ERRORS,
  leadershipLost: "TIMEOUT no leader answered in time",
  timeout: "TIMEOUT no leader answered in time",
};
