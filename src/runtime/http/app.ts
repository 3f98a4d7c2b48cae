import { type Context, Hono } from "hono";
import {
  type Command,
  FLAG_EXPECTED,
  FLAG_LOCAL,
  KEY_BYTES_MAX,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_PUT,
  VALUE_BYTES_MAX,
} from "../../kv/command.ts";
import type { SnapshotStorage, StoredSnapshot } from "../../storage/snapshot-storage.ts";
import type { NodeStatusReport } from "../node-status.ts";
import { GROUP_1 } from "../../lib/ids.ts";
import type { AdminPort } from "../admin-port.ts";
import type { CoreView, KeyPlace } from "../groups.ts";
import type { GroupStore } from "../machines.ts";
import type { MetricsSource } from "../metrics/metrics-source.ts";
import type { NodeCounters } from "../metrics/node-counters.ts";
import { adminRoutes } from "./admin.ts";
import { backupRoute } from "./backup.ts";
import type { HttpReply } from "./http-client-port.ts";
import { documentRoutes } from "./document.ts";
import { inspectionRoutes } from "./inspection.ts";
import { failed, HTTP_STATUS, problem } from "./problem.ts";
import { GetQuery } from "./queries.ts";
import { stateRoutes } from "./state.ts";
import { readQuery } from "./validate.ts";

export type AppOptions = {
  readonly request: (group: number, command: Command) => Promise<HttpReply>;
  /** Which group has a key; null: nothing is sharded. */
  readonly placeOf: (key: Uint8Array) => KeyPlace | null;
  readonly status: () => NodeStatusReport;
  /** "http://host:port" of a node's HTTP port, or undefined for an id that is not configured. */
  readonly urlOf: (nodeId: number) => string | undefined;
  readonly admin: AdminPort;
  readonly metrics: MetricsSource;
  /** Those of /healthz are counted here. */
  readonly counters: NodeCounters;
  /** The stores of all groups and shards. */
  readonly stores: () => Iterable<GroupStore>;
  /** The core of a group; null: it is not hosted here. */
  readonly core: (group: number) => CoreView | null;
  /** The newest snapshot of group 1; null: it has none. */
  readonly snapshot: () => StoredSnapshot | null;
  /** Where those of a group are; null: it is not hosted here. */
  readonly snapshots: (group: number) => SnapshotStorage | null;
  /** Into how many the keys are divided; null: nothing is sharded. */
  readonly shards: () => number | null;
};

const NO_BYTES = new Uint8Array(0);
const COMMAND: Command = {
  op: OP_GET,
  flags: 0,
  session: 0,
  seq: 0,
  nonce: 0,
  expected: 0,
  key: NO_BYTES,
  value: NO_BYTES,
};

/**
 * The node's HTTP port, for people and tools.
 *
 *   GET    /kv/KEY   the value, linearizable; `?local=true`: from this node as it is, perhaps stale
 *   PUT    /kv/KEY   body: the value. `If-Match: "VERSION"` or `If-None-Match: *`: only at that version
 *   POST   /kv/KEY   appends the body
 *   DELETE /kv/KEY
 *   GET    /kv …     pages of keys; /log: the tail of the log (inspection.ts)
 *   …      /status, /metrics, …  what this node says of itself (state.ts)
 *   …      /admin/…  for operators (admin.ts)
 *   GET    /openapi.json, /docs   all of this, for tools and for people (document.ts)
 *
 * Keys are UTF-8, percent-encoded. Replies carry the key's version as ETag and X-Ordeal-Version. A
 * node that is not the leader redirects (307) to it; in a sharded cluster one that does not lead the key's group
 * answers 421 with { group, nodes } of that. Errors are JSON { error, definite, fix }.
 * Requests have no session: a put that is sent again after an unknown outcome may happen twice.
 */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  app.get("/kv/:key", (c) => {
    const read = readQuery(c, GetQuery);
    if ("refused" in read) return read.refused;
    return serve(options, c, { op: OP_GET, flags: read.query.local ? FLAG_LOCAL : 0 });
  });
  app.put("/kv/:key", (c) => {
    const condition = readCondition(c);
    if (typeof condition === "string") return problem(c, "invalid", condition);
    return serve(options, c, { op: OP_PUT, ...condition });
  });
  app.post("/kv/:key", (c) => serve(options, c, { op: OP_APPEND }));
  app.delete("/kv/:key", (c) => serve(options, c, { op: OP_DELETE }));
  backupRoute(app, options);
  app.route("/admin", adminRoutes(options.admin));
  app.onError(failed);
  stateRoutes(app, options);
  inspectionRoutes(app, options);
  documentRoutes(app);
  app.notFound((c) =>
    c.json(
      { error: `no such path: ${c.req.path}`, definite: true, fix: "see /status, /kv/KEY" },
      404,
    ),
  );
  return app;
}

async function serve(options: AppOptions, c: Context, part: Partial<Command>): Promise<Response> {
  const key = new TextEncoder().encode(c.req.param("key"));
  if (key.length > KEY_BYTES_MAX) {
    return problem(c, "invalid", `the key has ${key.length} bytes, the limit is ${KEY_BYTES_MAX}`);
  }
  const value = part.op === OP_PUT || part.op === OP_APPEND ? await readValue(c) : NO_BYTES;
  if (value === null) return tooLarge(c);
  const place = options.placeOf(key);
  if (place !== null && !place.isHere) return elsewhere(options, c, place);
  const group = place?.group ?? GROUP_1;
  const reply = await options.request(group, { ...COMMAND, ...part, key, value });
  if (reply.version > 0) {
    c.header("ETag", `"${reply.version}"`);
    c.header("X-Ordeal-Version", String(reply.version));
  }
  if (reply.status === "notLeader" && place !== null) return elsewhere(options, c, place);
  if (reply.status === "notLeader") return redirect(options, c, reply.leaderHint);
  // Key and body have been checked: it is what the append would make of the value.
  if (reply.status === "invalid" && part.op === OP_APPEND) return tooLarge(c);
  if (reply.status !== "ok") return problem(c, reply.status, undefined, reply.version);
  if (part.op !== OP_GET) return c.json({ version: reply.version, index: reply.index });
  c.header("Content-Type", "application/octet-stream");
  return c.body(reply.value as Uint8Array<ArrayBuffer>);
}

/** The body, or null when it is too long. */
async function readValue(c: Context): Promise<Uint8Array | null> {
  if (Number(c.req.header("Content-Length") ?? 0) > VALUE_BYTES_MAX) return null;
  try {
    const value = new Uint8Array(await c.req.arrayBuffer());
    return value.length > VALUE_BYTES_MAX ? null : value;
  } catch (error) {
    // Bun has answered 413 itself: nobody reads ours.
    if ((error as Error).message.includes("maxRequestBodySize")) return null;
    throw error;
  }
}

/** The expected version that the headers ask for; a string says what is wrong with them. */
function readCondition(c: Context): Partial<Command> | string {
  const match = c.req.header("If-Match");
  const noneMatch = c.req.header("If-None-Match");
  if (match !== undefined && noneMatch !== undefined) return "If-Match and If-None-Match together";
  if (noneMatch !== undefined) {
    if (noneMatch !== "*") return `If-None-Match: ${noneMatch} is not supported, only *`;
    return { flags: FLAG_EXPECTED, expected: 0 };
  }
  if (match === undefined) return {};
  const version = /^"([1-9]\d{0,15})"$/.exec(match)?.[1];
  if (version === undefined || !Number.isSafeInteger(Number(version))) {
    return `If-Match: ${match} is not a version in quotes, such as "7"`;
  }
  return { flags: FLAG_EXPECTED, expected: Number(version) };
}

export function redirect(
  options: Pick<AppOptions, "urlOf">,
  c: Context,
  leaderId: number,
): Response {
  const base = leaderId === 0 ? undefined : options.urlOf(leaderId);
  if (base === undefined) return problem(c, "notLeader");
  // The path as it was sent: decoding and encoding it again could change the key.
  const { pathname, search } = new URL(c.req.url);
  return c.redirect(`${base}${pathname}${search}`, 307);
}

/** A group of which another node has to be asked, each of its nodes with its address. */
function elsewhere({ urlOf }: AppOptions, c: Context, { group, nodes }: KeyPlace): Response {
  if (nodes.length === 0) return problem(c, "wrongShard", "no group has the key's shard");
  const body = {
    error: `group ${group} has the key, and this node does not lead it`,
    definite: true,
    fix: "ask the other nodes of the group",
    group,
    nodes: nodes.map((id) => ({ id, url: urlOf(id) })),
  };
  return c.json(body, HTTP_STATUS.wrongShard);
}

const tooLarge = (c: Context): Response => c.json(TOO_LARGE, 413);

export const TOO_LARGE = {
  error: `the value is longer than ${VALUE_BYTES_MAX} bytes`,
  definite: true,
  fix: "split it over several keys",
} as const;
