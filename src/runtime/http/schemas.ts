import * as v from "valibot";
import { FSYNC_MODES } from "../../lib/fsync.ts";
import { nodeAddressSchema } from "../config.ts";

/** What the routes answer, for the OpenAPI document. Only that loads this file. */
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const ids = v.array(count);
const role = v.picklist(["follower", "preCandidate", "candidate", "leader"]);
const membership = v.pipe(
  v.strictObject({ voters: ids, votersOutgoing: ids, learners: ids }),
  v.metadata({ ref: "Membership" }),
);
const messages = v.pipe(
  v.strictObject({
    ...{ votes: count, voteReplies: count, appends: count, appendReplies: count },
    ...{ heartbeats: count, heartbeatReplies: count, snapshots: count, snapshotReplies: count },
    transfers: count,
  }),
  v.metadata({ ref: "MessageCounts" }),
);

export const ErrorReply = v.pipe(
  v.object({
    error: v.string(),
    definite: v.pipe(
      v.boolean(),
      v.description("true: nothing has happened. false: it is not known."),
    ),
    fix: v.string(),
    problems: v.optional(v.array(v.strictObject({ where: v.string(), what: v.string() }))),
    version: v.optional(v.pipe(count, v.description("Of 412: the key's current version."))),
    group: v.optional(v.pipe(count, v.description("Of 421: the group that has the key."))),
    nodes: v.optional(v.array(v.object({ id: count, url: v.optional(v.string()) }))),
  }),
  v.metadata({ ref: "Error" }),
);

export const Written = v.strictObject({ version: count, index: count });

/** Keys and values that are no UTF-8 come in base64 under another name. */
const entry = v.strictObject({
  key: v.optional(v.string()),
  keyBase64: v.optional(v.string()),
  value: v.optional(v.string()),
  valueBase64: v.optional(v.string()),
  version: count,
  group: v.optional(v.pipe(count, v.description("Of a sharded node: who holds it."))),
});

export const PageReply = v.strictObject({
  index: v.optional(
    v.pipe(count, v.description("As of this entry of the log; of a sharded node: none.")),
  ),
  entries: v.array(entry),
  next: v.pipe(
    v.nullable(v.string()),
    v.description("cursor of the next page; null: that was all."),
  ),
});

const command = v.strictObject({
  op: v.string(),
  key: v.optional(v.string()),
  keyBase64: v.optional(v.string()),
  valueBytes: count,
  value: v.optional(v.pipe(v.string(), v.description("At most the first 256 bytes."))),
  valueBase64: v.optional(v.string()),
  session: v.optional(count),
  seq: v.optional(count),
  flags: v.optional(count),
  expected: v.optional(count),
});

export const LogReply = v.strictObject({
  group: count,
  firstIndex: v.pipe(count, v.description("What comes before it is compacted away.")),
  ...{ lastIndex: count, commitIndex: count, appliedIndex: count },
  entries: v.array(
    v.strictObject({
      index: count,
      term: count,
      kind: v.picklist(["command", "noop", "membership"]),
      command: v.optional(command),
      membership: v.optional(membership),
    }),
  ),
  next: v.pipe(v.nullable(count), v.description("`from` of the next page; null: that was all.")),
});

const peer = v.strictObject({
  id: count,
  isConnected: v.boolean(),
  lastHeardMs: v.nullable(count),
  wireVersion: v.optional(v.nullable(count)),
  sent: messages,
  received: messages,
  droppedMessages: count,
  sentBytes: count,
  receivedBytes: count,
  matchIndex: v.optional(count),
  nextIndex: v.optional(count),
  state: v.optional(v.picklist(["probe", "replicate", "snapshot"])),
});

const group = v.strictObject({
  ...{ group: count, role, term: count, leaderId: count },
  ...{ commitIndex: count, appliedIndex: count, lastIndex: count },
});

const indexes = {
  ...{ commitIndex: count, appliedIndex: count, lastIndex: count, durableIndex: count },
  snapshotIndex: count,
};

const wire = v.pipe(
  v.strictObject({ lowest: count, highest: count, cluster: count }),
  v.description(
    "Versions of the peer protocol: of this node, and the one that all nodes speak with it.",
  ),
);

export const StatusReply = v.strictObject({
  ...{ id: count, pid: count, clusterId: v.string(), version: v.string() },
  wire,
  ...{ role, term: count, leaderId: count, votedFor: count },
  ...indexes,
  membership,
  storage: v.picklist(["disk", "memory"]),
  fsync: v.nullable(v.picklist(FSYNC_MODES)),
  unsafe: v.nullable(v.string()),
  ...{ peerPort: count, clientPort: count, httpPort: count },
  reads: v.strictObject({ byLease: count, byRound: count, local: count }),
  rssBytes: count,
  peers: v.array(peer),
  groups: v.optional(v.array(group)),
  shards: v.optional(v.array(v.record(v.string(), v.any()))),
});

export const HardStateReply = v.strictObject({
  term: count,
  votedFor: v.pipe(count, v.description("In that term; 0: for nobody.")),
  commitIndex: count,
  durableIndex: count,
  snapshot: v.nullable(
    v.strictObject({
      meta: v.strictObject({ lastIndex: count, lastTerm: count, membership }),
      totalBytes: count,
    }),
  ),
});

export const VersionReply = v.strictObject({ version: v.string(), bun: v.string(), wire });
export const LagReply = v.strictObject({
  watchedMs: v.number(),
  ticks: count,
  p99Ms: v.number(),
  maxMs: v.number(),
});
export const HealthReply = v.strictObject({ leaderId: count });

export const Outcome = v.object({
  outcome: v.picklist(["done", "refused", "failed"]),
  reason: v.optional(v.string()),
  leaderId: v.optional(count),
  taken: v.optional(v.boolean()),
});

export const NodesReply = v.object({
  ...{ clusterId: v.string(), id: count, instance: v.number(), leaderId: count },
  nodes: v.array(nodeAddressSchema),
  firstVoters: ids,
  membership,
});

export const Nodes = v.object({
  nodes: v.array(nodeAddressSchema),
  links: v.optional(v.record(v.string(), v.record(v.string(), v.string()))),
});
