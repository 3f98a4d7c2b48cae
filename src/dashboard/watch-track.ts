import type { NodeStatus } from "../target/target.ts";

/** Something that happened between two looks at a cluster. */
export type WatchEvent = { readonly atMs: number; readonly text: string; readonly isBad: boolean };

/** A cluster as it was seen last, and what was seen of it before. */
export type Watched = {
  readonly clusterId: string;
  /** Since the watch began. */
  readonly atMs: number;
  readonly nodes: readonly NodeStatus[];
  /** Entries that were committed a second, between the last two looks; null: only one look so far. */
  readonly throughput: number | null;
  /** The same over time, oldest first. */
  readonly curve: readonly number[];
  /** Newest last. */
  readonly events: readonly WatchEvent[];
};

const EVENTS_MAX = 200;
const CURVE_MAX = 500;

/** Takes in one look. `nodes` are in the order of their ids; `before`: null at the first look. */
export function track(
  before: Watched | null,
  clusterId: string,
  nodes: readonly NodeStatus[],
  atMs: number,
): Watched {
  const events = before === null ? first(nodes) : changes(before.nodes, nodes);
  const throughput = before === null ? null : rate(before, nodes, atMs);
  return {
    ...{ clusterId, atMs, nodes, throughput },
    curve: [...(before?.curve ?? []), ...(throughput === null ? [] : [throughput])].slice(
      -CURVE_MAX,
    ),
    events: [...(before?.events ?? []), ...events.map((event) => ({ ...event, atMs }))].slice(
      -EVENTS_MAX,
    ),
  };
}

/** The leader of the highest term: a deposed one may not have heard of it yet. */
export function leaderAmong(nodes: readonly NodeStatus[]): NodeStatus | null {
  const leaders = nodes.filter(({ role }) => role === "leader");
  return leaders.toSorted((a, b) => b.term - a.term)[0] ?? null;
}

export const isUp = ({ role }: NodeStatus): boolean => role !== "down" && role !== "paused";

type Said = { readonly text: string; readonly isBad: boolean };
const good = (text: string): Said => ({ text, isBad: false });
const bad = (text: string): Said => ({ text, isBad: true });

function first(nodes: readonly NodeStatus[]): Said[] {
  const leader = leaderAmong(nodes);
  const down = nodes.filter((node) => !isUp(node)).map(({ id }) => bad(`node ${id} is down`));
  if (leader === null) return [...down, bad("no leader")];
  return [...down, good(`leader ${leader.id} in term ${leader.term}`)];
}

function changes(before: readonly NodeStatus[], nodes: readonly NodeStatus[]): Said[] {
  const said = nodes.flatMap((node) =>
    nodeChanges(
      before.find(({ id }) => id === node.id),
      node,
    ),
  );
  for (const { id } of before) {
    if (!nodes.some((node) => node.id === id)) said.push(bad(`node ${id} is not listed any more`));
  }
  const [old, leader] = [leaderAmong(before), leaderAmong(nodes)];
  if (leader === null) return old === null ? said : [...said, bad("no leader")];
  if (old?.id === leader.id && old.term === leader.term) return said;
  return [...said, good(`leader ${leader.id} elected in term ${leader.term}`)];
}

function nodeChanges(before: NodeStatus | undefined, node: NodeStatus): Said[] {
  const { id, role, term, votedFor, snapshotIndex } = node;
  if (before === undefined) return [good(`node ${id} is new`)];
  if (!isUp(node)) return isUp(before) ? [bad(`node ${id} ${role}`)] : [];
  const said: Said[] = [];
  if (!isUp(before)) said.push(good(`node ${id} up`));
  else if (before.pid !== node.pid) said.push(good(`node ${id} restarted`));
  if (role !== before.role && role === "candidate")
    said.push(bad(`node ${id} asks for votes in term ${term}`));
  if (role !== before.role && role === "preCandidate") {
    said.push(bad(`node ${id} asks who would vote for it after term ${term}`));
  }
  if (before.role === "leader" && role !== "leader") said.push(bad(`node ${id} leads no more`));
  const hasVoted = votedFor !== before.votedFor || term !== before.term;
  if (hasVoted && isUp(before) && votedFor !== undefined && votedFor > 0 && votedFor !== id) {
    said.push(good(`node ${id} voted for ${votedFor} in term ${term}`));
  }
  if (isUp(before) && (snapshotIndex ?? 0) > (before.snapshotIndex ?? 0)) {
    said.push(good(`node ${id} has a snapshot up to ${snapshotIndex}`));
  }
  return said;
}

/** By the highest commitIndex, which falls when only nodes that lag behind still answer: then 0. */
function rate(
  { nodes: before, atMs: from }: Watched,
  nodes: readonly NodeStatus[],
  to: number,
): number {
  const highest = (all: readonly NodeStatus[]): number =>
    Math.max(0, ...all.map(({ commitIndex }) => commitIndex));
  if (to <= from) return 0;
  return Math.max(0, ((highest(nodes) - highest(before)) * 1000) / (to - from));
}
