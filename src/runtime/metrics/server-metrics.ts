import { STATUS } from "../../wire/errors.ts";
import { byLabel, type Metric, single } from "./metric.ts";

/** Answers that a client must take for a failed write: refused for lack of room, or lost with the leadership. */
const FAILED = [STATUS.overloaded.code, STATUS.leadershipLost.code];

const is = (condition: boolean): number => (condition ? 1 : 0);

/** What the node is and does, as etcd's `etcd_server_…`; of a sharded cluster of group 1, its controller. */
export const SERVER_METRICS: readonly Metric[] = [
  single("gauge", "ordeal_server_has_leader", "1: it knows a leader. 0: it does not.", (s) =>
    is(s.status.leaderId !== 0),
  ),
  single("gauge", "ordeal_server_is_leader", "1: it is the leader.", (s) =>
    is(s.status.role === "leader"),
  ),
  single("gauge", "ordeal_server_is_learner", "1: it is a learner.", (s) =>
    is(s.status.membership.learners.some((id) => id === s.status.id)),
  ),
  single(
    "counter",
    "ordeal_server_leader_changes_seen_total",
    "How often it has found another node, or itself, to lead.",
    (s) => s.counters.leaderChanges,
  ),
  single(
    "gauge",
    "ordeal_server_proposals_committed_total",
    "Index of the last entry that it knows to be committed.",
    (s) => s.status.commitIndex,
  ),
  single(
    "gauge",
    "ordeal_server_proposals_applied_total",
    "Index of the last entry that it has applied.",
    (s) => s.status.appliedIndex,
  ),
  single(
    "gauge",
    "ordeal_server_proposals_pending",
    "Requests of clients, reads too, that it has taken and not yet answered.",
    (s) => s.unanswered,
  ),
  single(
    "counter",
    "ordeal_server_proposals_failed_total",
    "Requests that it refused as overloaded, or whose outcome was lost with the leadership.",
    (s) => FAILED.reduce((sum, code) => sum + s.counters.repliesByStatus[code]!, 0),
  ),
  byLabel(
    "counter",
    "ordeal_server_overload_refusals_total",
    "Requests refused as overloaded, by what there was too much of.",
    "reason",
    (s) => s.counters.refusals,
  ),
  single(
    "counter",
    "ordeal_server_health_success",
    "Answers 200 of /healthz.",
    (s) => s.counters.healthy,
  ),
  single(
    "counter",
    "ordeal_server_health_failures",
    "Answers 503 of /healthz.",
    (s) => s.counters.unhealthy,
  ),
  {
    kind: "gauge",
    name: "ordeal_server_id",
    help: "1, with the node's id and its cluster's.",
    labels: ["server_id", "cluster_id"],
    read: ({ status }) => [[{ server_id: status.id, cluster_id: status.clusterId }, 1]],
  },
  byLabel(
    "counter",
    "ordeal_server_reads_total",
    "Reads served, by what confirmed them: a lease, a round of messages, or (local ones) nothing.",
    "by",
    ({ status: { reads } }) => ({
      ...{ lease: reads.byLease, round: reads.byRound, local: reads.local },
    }),
  ),
  byLabel(
    "counter",
    "ordeal_server_replies_total",
    "Answers to requests of clients, by status (docs/wire.md).",
    "status",
    ({ counters: { repliesByStatus } }) =>
      Object.fromEntries(
        Object.entries(STATUS).map(([name, { code }]) => [name, repliesByStatus[code]!]),
      ),
  ),
];

/** The state of the core: etcd has no metrics of most of it. Of a sharded cluster: of group 1. */
export const RAFT_METRICS: readonly Metric[] = [
  single("gauge", "ordeal_raft_term", "Its term.", (s) => s.status.term),
  single(
    "gauge",
    "ordeal_raft_leader_id",
    "Id of the leader; 0: none is known.",
    (s) => s.status.leaderId,
  ),
  single("gauge", "ordeal_raft_last_index", "Index of its last entry.", (s) => s.status.lastIndex),
  single(
    "gauge",
    "ordeal_raft_durable_index",
    "Index of the last entry that is on its own disk.",
    (s) => s.status.durableIndex,
  ),
  single(
    "gauge",
    "ordeal_raft_snapshot_index",
    "Index of the last entry that its newest snapshot stands for; 0: it has none.",
    (s) => s.status.snapshotIndex,
  ),
  single(
    "gauge",
    "ordeal_raft_uncommitted_bytes",
    "Of a leader: bytes of entries that are not yet committed.",
    (s) => s.details.uncommittedBytes,
  ),
  byLabel(
    "gauge",
    "ordeal_raft_members",
    "Members of the cluster, as of the last membership in its log.",
    "kind",
    ({ status: { membership } }) => ({
      voter: membership.voters.length,
      votersOutgoing: membership.votersOutgoing.length,
      learner: membership.learners.length,
    }),
  ),
  {
    kind: "gauge",
    name: "ordeal_raft_follower_lag_entries",
    help: "Of a leader: entries of its log that the follower is not known to have.",
    labels: ["To"],
    read: ({ status, details }) =>
      details.followers.map(({ id, matchIndex }) => [{ To: id }, status.lastIndex - matchIndex]),
  },
  {
    kind: "gauge",
    name: "ordeal_raft_follower_state",
    help: "Of a leader: 1 for how it replicates to the follower: probe, replicate or snapshot.",
    labels: ["To", "state"],
    read: ({ details }) =>
      details.followers.flatMap(({ id, state }) =>
        (["probe", "replicate", "snapshot"] as const).map(
          (one) => [{ To: id, state: one }, is(one === state)] as const,
        ),
      ),
  },
];
