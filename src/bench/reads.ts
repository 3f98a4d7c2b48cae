import type { Check } from "../report/schema.ts";
import type { NodeStatus } from "../target/target.ts";
import type { LoadCase } from "./dsl.ts";

/** Reads that the nodes of one run have served, by what confirmed them. */
export type ReadsServed = NonNullable<NodeStatus["reads"]>;

/** A run may begin with a few reads by round: a leader's lease starts with the first one answered. */
const SHARE_MIN = 0.9;

/** Of all nodes together; null: they do not tell. Nodes that were restarted have forgotten theirs. */
export function readsOf(statuses: readonly NodeStatus[]): ReadsServed | null {
  const told = statuses.flatMap(({ reads }) => reads ?? []);
  if (told.length === 0) return null;
  const sum = (of: keyof ReadsServed): number => told.reduce((all, reads) => all + reads[of], 0);
  return { byLease: sum("byLease"), byRound: sum("byRound"), local: sum("local") };
}

/**
 * Whether the reads of a case were served the way that it is named after: a case of reads by lease
 * whose nodes quietly fell back to rounds would give the figures of something else. Null: there is
 * nothing to say.
 */
export function readsCheck(
  { name, cluster, load }: LoadCase,
  reads: ReadsServed | null,
): Check | null {
  if (reads === null) return null;
  const way =
    load.reads === "local" ? "local" : cluster.leaseReads === true ? "byLease" : "byRound";
  const all = reads.byLease + reads.byRound + reads.local;
  if (all === 0) return null;
  const share = reads[way] / all;
  const words = { local: "from a node's own state", byLease: "by lease", byRound: "by ReadIndex" };
  const detail = `${reads[way].toLocaleString("en-US")} of ${all.toLocaleString("en-US")} reads were served ${words[way]}`;
  const verdict = share >= SHARE_MIN ? "pass" : "unknown";
  return { name: `${name}: reads as asked for`, verdict, detail, evidence: [] };
}
