import type { GroupReport } from "../node-status.ts";
import { byLabel, type Metric, type Reading, single } from "./metric.ts";
import type { Sample } from "./metrics-source.ts";

/** A node may host thousands of groups; of so many, the first ones, each has series of its own. */
export const GROUPS_MAX = 64;

const ofGroups =
  (read: (group: GroupReport) => number) =>
  ({ status }: Sample): Reading<number>[] =>
    [...(status.groups ?? [])]
      .sort((a, b) => a.group - b.group)
      .slice(0, GROUPS_MAX)
      .map((group) => [{ group: group.group }, read(group)]);

const perGroup = (name: string, help: string, read: (group: GroupReport) => number): Metric => ({
  kind: "gauge",
  name,
  help: `${help} Of the first ${GROUPS_MAX} groups of a sharded node.`,
  labels: ["group"],
  read: ofGroups(read),
});

/** Of a sharded cluster: the groups of a node, and its shards. Elsewhere they are 0, or have no series. */
export const GROUP_METRICS: readonly Metric[] = [
  single(
    "gauge",
    "ordeal_groups",
    "Groups that it hosts; 0: the cluster is not sharded.",
    (s) => s.status.groups?.length ?? 0,
  ),
  single(
    "gauge",
    "ordeal_groups_led",
    "Groups that it leads.",
    (s) => s.status.groups?.filter(({ role }) => role === "leader").length ?? 0,
  ),
  byLabel(
    "gauge",
    "ordeal_shards",
    "Shards of the groups that it leads, by state.",
    "state",
    ({ status }) => {
      const counts = { serving: 0, leaving: 0, frozen: 0, arriving: 0 };
      for (const { shards } of status.shards ?? []) for (const { state } of shards) counts[state]++;
      return counts;
    },
  ),
  perGroup("ordeal_group_is_leader", "1: it leads the group.", ({ role }) =>
    role === "leader" ? 1 : 0,
  ),
  perGroup("ordeal_group_has_leader", "1: it knows who leads the group.", ({ leaderId }) =>
    leaderId === 0 ? 0 : 1,
  ),
  perGroup("ordeal_group_term", "Term of the group.", ({ term }) => term),
  perGroup(
    "ordeal_group_commit_index",
    "Index of the group's last entry that it knows to be committed.",
    ({ commitIndex }) => commitIndex,
  ),
  perGroup(
    "ordeal_group_applied_index",
    "Index of the group's last entry that it has applied.",
    ({ appliedIndex }) => appliedIndex,
  ),
];
