import type * as v from "valibot";
import { ADMIN_OPERATIONS } from "./operations-admin.ts";
import { GetQuery, LogQuery, PageQuery } from "./queries.ts";
import {
  ErrorReply,
  HardStateReply,
  HealthReply,
  LagReply,
  LogReply,
  PageReply,
  StatusReply,
  VersionReply,
  Written,
} from "./schemas.ts";

export type ReplySpec = {
  readonly what: string;
  /** Of a JSON reply. */
  readonly schema?: v.GenericSchema;
  /** Of another one. */
  readonly media?: string;
};

/** What the OpenAPI document says of one route. */
export type Operation = {
  readonly tag: "Keys" | "Inspection" | "Node" | "Operators" | "Document";
  readonly summary: string;
  readonly query?: { readonly entries: Readonly<Record<string, v.GenericSchema>> };
  /** Values by which a request may be tried: of the path and the query. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Names of headers, and what they mean. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: {
    /** Of JSON; absent: bytes. */
    readonly schema?: v.GenericSchema;
    readonly example: unknown;
    readonly isOptional?: true;
  };
  readonly replies: Readonly<Record<number, ReplySpec>>;
};

const error = (what: string): ReplySpec => ({ what, schema: ErrorReply });

/** Of requests that a leader serves. */
const LEADER_ERRORS = {
  307: { what: "This node does not lead: Location names the same path of the leader." },
  421: error("Of a sharded cluster: another group has the key; the reply names its nodes."),
  503: error("No leader is known, or a queue is full: try again after Retry-After."),
  504: error("The outcome is not known: read the key to find out."),
} as const;

const KEY = { key: "colour" };
const WRITTEN = { what: "It is committed and applied.", schema: Written };
const bytes = { example: "red" };
const TOO_LONG = error("The value is longer than 8 MiB.");
const CONDITIONS = {
  "If-Match": 'A version in quotes, such as "7": only if the key has that version.',
  "If-None-Match": "*: only if the key is absent.",
};

/** Every route of the app (app.ts), by method and path. A test compares. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "PUT /kv/:key": {
    tag: "Keys",
    summary: "Puts a key",
    parameters: KEY,
    headers: CONDITIONS,
    body: bytes,
    replies: {
      200: WRITTEN,
      400: error("The key or a condition is wrong."),
      412: error("The key has another version, which the reply tells."),
      413: TOO_LONG,
      ...LEADER_ERRORS,
    },
  },
  "POST /kv/:key": {
    tag: "Keys",
    summary: "Appends to a key's value",
    parameters: KEY,
    body: bytes,
    replies: { 200: WRITTEN, 400: error("The key is wrong."), 413: TOO_LONG, ...LEADER_ERRORS },
  },
  "GET /kv/:key": {
    tag: "Keys",
    summary: "Reads a key: linearizable, or with local=true from this node, perhaps stale",
    parameters: { ...KEY, local: "false" },
    query: GetQuery,
    replies: {
      200: {
        what: "The value. ETag and X-Ordeal-Version tell the key's version.",
        media: "application/octet-stream",
      },
      400: error("The key or the query is wrong."),
      404: error("The key is absent."),
      ...LEADER_ERRORS,
    },
  },
  "GET /kv": {
    tag: "Inspection",
    summary: "Keys and values in the order of the keys' bytes, a page at a time",
    query: PageQuery,
    parameters: { prefix: "col", limit: "10", local: "false" },
    replies: {
      200: { what: "All of a page is as of one moment.", schema: PageReply },
      400: error("The query is wrong, or the cluster is sharded and local=true is not said."),
      ...LEADER_ERRORS,
    },
  },
  "DELETE /kv/:key": {
    tag: "Keys",
    summary: "Deletes a key",
    parameters: KEY,
    replies: {
      200: WRITTEN,
      400: error("The key is wrong."),
      404: error("The key is absent."),
      ...LEADER_ERRORS,
    },
  },
  "GET /log": {
    tag: "Inspection",
    summary: "Entries of this node's log, decoded; by default the last ones",
    query: LogQuery,
    parameters: { from: "1", limit: "10", group: "1" },
    replies: {
      200: { what: "Committed or not; what is compacted away is left out.", schema: LogReply },
      400: error("The query is wrong."),
      421: error("The node has no such group."),
    },
  },
  "GET /status": {
    tag: "Node",
    summary: "Role, indexes, peers and groups of this node",
    replies: { 200: { what: "As of now.", schema: StatusReply } },
  },
  "GET /hard-state": {
    tag: "Inspection",
    summary: "What this node must not forget, and the snapshot that its log begins after",
    replies: { 200: { what: "Of group 1, as of now.", schema: HardStateReply } },
  },
  "GET /version": {
    tag: "Node",
    summary: "Versions of Ordeal and Bun",
    replies: { 200: { what: "They do not change while it runs.", schema: VersionReply } },
  },
  "GET /healthz": {
    tag: "Node",
    summary: "Whether it knows a leader",
    replies: { 200: { what: "It does.", schema: HealthReply }, 503: error("It does not.") },
  },
  "GET /lag": {
    tag: "Node",
    summary: "Pauses of its event loop since the request before, if that was within 10 s",
    replies: { 200: { what: "In milliseconds.", schema: LagReply } },
  },
  "GET /metrics": {
    tag: "Node",
    summary: "Metrics for Prometheus (docs/metrics.md)",
    replies: { 200: { what: "In the text format.", media: "text/plain" } },
  },
  "GET /openapi.json": {
    tag: "Document",
    summary: "This document",
    replies: { 200: { what: "OpenAPI 3.1.", media: "application/json" } },
  },
  "GET /docs": {
    tag: "Document",
    summary: "This document as a page for people",
    replies: { 200: { what: "One page that needs nothing else.", media: "text/html" } },
  },
  ...ADMIN_OPERATIONS,
};
