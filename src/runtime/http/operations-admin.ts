import { Group, Members, Snapshot, Transfer } from "./admin.ts";
import { Join, Node } from "./members.ts";
import { BackupQuery } from "./queries.ts";
import type { Operation, ReplySpec } from "./operations.ts";
import { ErrorReply, Nodes, NodesReply, Outcome } from "./schemas.ts";

const WRONG: ReplySpec = { what: "The body is wrong.", schema: ErrorReply };
const REPLIES = { 200: { what: "Done.", schema: Outcome }, 400: WRONG } as const;
/** Of orders that end later. */
const SETTLED = {
  ...REPLIES,
  409: { what: "It was refused, or failed and may still take effect.", schema: Outcome },
} as const;
const NODE = { id: 4, host: "127.0.0.1", peerPort: 7004, clientPort: 8004, httpPort: 9004 };

/** What `ordeal cluster …` calls. */
export const ADMIN_OPERATIONS: Readonly<Record<string, Operation>> = {
  "POST /admin/membership": {
    tag: "Operators",
    summary: "The leader moves to these voters and learners; answers when that is over",
    body: { schema: Members, example: { voters: [1, 2, 3], learners: [] } },
    replies: SETTLED,
  },
  "POST /admin/transfer": {
    tag: "Operators",
    summary: "The leader hands over to a voter",
    body: { schema: Transfer, example: { to: 2, group: 1 } },
    replies: SETTLED,
  },
  "POST /admin/snapshot": {
    tag: "Operators",
    summary: "The node takes a snapshot now",
    body: { schema: Snapshot, example: { group: 1 }, isOptional: true },
    replies: SETTLED,
  },
  "POST /admin/groups": {
    tag: "Operators",
    summary: "The node hosts one more group of a sharded cluster, which begins on these nodes",
    body: { schema: Group, example: { id: 9, nodes: [1] } },
    replies: REPLIES,
  },
  "GET /admin/nodes": {
    tag: "Operators",
    summary: "Which nodes there are, and where",
    replies: { 200: { what: "As this node knows them.", schema: NodesReply } },
  },
  "POST /admin/nodes": {
    tag: "Operators",
    summary: "One more node, or another place of one",
    body: { schema: Node, example: { node: NODE } },
    replies: REPLIES,
  },
  "PUT /admin/nodes": {
    tag: "Operators",
    summary: "Which nodes there are, and where, as in the config file",
    body: { schema: Nodes, example: { nodes: [{ ...NODE, id: 1 }, NODE] } },
    replies: REPLIES,
  },
  "GET /admin/backup": {
    tag: "Operators",
    summary:
      "A snapshot that holds every write acknowledged before the request, as stored; of a sharded cluster that of one group",
    query: BackupQuery,
    replies: {
      200: {
        what: "X-Ordeal-Node and X-Ordeal-Version name the node that sends it.",
        media: "application/octet-stream",
      },
      307: { what: "This node does not lead: Location names the same path of the leader." },
      400: {
        what: "The query is wrong, or names a group and nothing is sharded.",
        schema: ErrorReply,
      },
      409: {
        what: "The cluster is sharded and no group is named (X-Ordeal-Shards: how many shards it has), or its shards move.",
        schema: ErrorReply,
      },
      421: { what: "The node does not host the group.", schema: ErrorReply },
      503: { what: "No leader is known, or it could take no snapshot.", schema: ErrorReply },
    },
  },
  "POST /admin/join": {
    tag: "Operators",
    summary: "The leader takes a node in; answers when it is a member",
    body: { schema: Join, example: { node: NODE, learner: true } },
    replies: SETTLED,
  },
};
