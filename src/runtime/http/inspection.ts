import type { Context, Hono } from "hono";
import type * as v from "valibot";
import { FLAG_LOCAL } from "../../kv/command.ts";
import { prefixEnd, readScanReply, scanCommand } from "../../kv/scan-reply.ts";
import { asIndex, GROUP_1 } from "../../lib/ids.ts";
import { type AppOptions, redirect } from "./app.ts";
import { localPage, shownEntry } from "./local-page.ts";
import { entryOf } from "./log-entry.ts";
import { problem } from "./problem.ts";
import { LogQuery, PageQuery } from "./queries.ts";
import { readQuery, refuse } from "./validate.ts";

const KEYS = 100;
const ENTRIES = 100;
/** Of entries that are decoded for one page of the log; one always fits. */
const LOG_BYTES_MAX = 1 << 20;

/**
 * A look into the store and the log, a page at a time.
 *
 *   GET /kv?prefix=P&limit=N&cursor=C  keys in the order of their bytes, linearizable;
 *                                      `local=true`: from this node as it is, perhaps stale; of a
 *                                      sharded one what all its groups hold (local-page.ts)
 *   GET /log?from=I&limit=N&group=G    entries from index I on, default: the last ones
 */
export function inspectionRoutes(app: Hono, options: AppOptions): void {
  app.get("/kv", async (c) => {
    const read = readQuery(c, PageQuery);
    return "refused" in read ? read.refused : page(options, c, read.query);
  });
  app.get("/log", (c) => {
    const read = readQuery(c, LogQuery);
    return "refused" in read ? read.refused : tail(options, c, read.query);
  });
}

async function page(
  options: AppOptions,
  c: Context,
  { prefix = "", limit = KEYS, local = false, cursor }: v.InferOutput<typeof PageQuery>,
): Promise<Response> {
  const bytes = new TextEncoder().encode(prefix);
  const from = cursor === undefined ? bytes : Buffer.from(cursor, "base64url");
  if (options.placeOf(bytes) !== null) {
    if (local) return localPage(options.stores(), c, { prefix: bytes, from, limit });
    const what =
      "a sharded cluster has no order of all its keys: ask with local=true what this node holds";
    return refuse(c, [{ where: "local", what }]);
  }
  const command = scanCommand(from, prefixEnd(bytes), limit, local ? FLAG_LOCAL : 0);
  const reply = await options.request(GROUP_1, command);
  if (reply.status === "notLeader") return redirect(options, c, reply.leaderHint);
  if (reply.status !== "ok") return problem(c, reply.status);
  const found = readScanReply(reply.value, 0, reply.value.length)!;
  return c.json({
    index: reply.index,
    entries: found.entries.map((entry) => shownEntry(entry)),
    next: found.next === null ? null : Buffer.from(found.next).toString("base64url"),
  });
}

function tail(
  options: AppOptions,
  c: Context,
  { from, limit = ENTRIES, group = GROUP_1 }: v.InferOutput<typeof LogQuery>,
): Response {
  const core = options.core(group);
  if (core === null) return problem(c, "noGroup", `this node has no group ${group}`);
  const { lastIndex, commitIndex, appliedIndex } = core.status();
  const { compactedIndex } = core.details();
  const first = Math.max(from ?? lastIndex - limit + 1, compactedIndex + 1);
  const last = Math.min(first + limit - 1, lastIndex);
  const batches = core.entries(asIndex(first), asIndex(last), LOG_BYTES_MAX);
  const entries = batches.flatMap((batch) => entryOf(batch));
  const next = first + entries.length;
  return c.json({
    ...{ group, firstIndex: compactedIndex + 1, lastIndex, commitIndex, appliedIndex },
    entries,
    next: next <= lastIndex ? next : null,
  });
}
