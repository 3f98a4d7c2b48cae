import type { Context } from "hono";
import { isDefinite, STATUS, type StatusName } from "../../wire/errors.ts";

/** How each outcome reads in HTTP. `ok` never gets here. */
export const HTTP_STATUS = {
  ok: 200,
  notFound: 404,
  versionMismatch: 412,
  notLeader: 503,
  overloaded: 503,
  sessionExpired: 500,
  leadershipLost: 504,
  invalid: 400,
  shuttingDown: 503,
  timeout: 504,
  wrongShard: 421,
  noGroup: 421,
} as const satisfies Record<StatusName, number>;

const FIX: Record<StatusName, string> = {
  ok: "",
  notFound: "put the key first",
  versionMismatch: "read the key and decide again, with the version of this reply",
  notLeader: "no leader is known here now: try again in a moment, or ask another node",
  overloaded: "try again after a pause",
  sessionExpired: "report this: HTTP requests have no session",
  leadershipLost: "the outcome is not known: read the key to find out",
  invalid: "correct the request",
  shuttingDown: "ask another node",
  timeout: "the outcome is not known: is a majority of the nodes up? Read the key to find out",
  wrongShard: "ask the group that owns the shard: ordeal shards query",
  noGroup: "ask a node of that group: ordeal shards query",
};

/** What a handler threw. */
export function failed(error: Error, c: Context): Response {
  // The client is gone in the middle of its body: nobody reads this, and it is nothing to log.
  if (error.name === "AbortError") return c.body(null, 400);
  console.error(error);
  const fix = "report this: it is a bug of the node";
  return c.json({ error: "internal error", definite: false, fix }, 500);
}

/** An error as JSON: what is wrong, whether nothing has happened for sure, and what to do about it. */
export function problem(
  c: Context,
  status: StatusName,
  error?: string,
  version?: number,
): Response {
  const code = HTTP_STATUS[status];
  if (code === 503) c.header("Retry-After", "1");
  const body = {
    error: error ?? `${status}: ${STATUS[status].about}`,
    definite: isDefinite(STATUS[status].code),
    fix: FIX[status],
  };
  return c.json(status === "versionMismatch" ? { ...body, version } : body, code);
}
