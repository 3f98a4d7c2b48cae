import type { SimResult, SimStats, Violation } from "./api.ts";
import type { World } from "./world.ts";

/** What clusters of each kind count alike. */
type Counted = {
  readonly world: World;
  readonly network: { readonly frames: number; readonly lost: number };
  readonly clients: { readonly started: number; readonly succeeded: number };
  readonly nodes: readonly { readonly installs: number; readonly readsByLease: number }[];
  readonly crashes: number;
  readonly transfers: number;
};

/** What a kind counts in a place of its own, or has none of. */
type Own = Partial<
  Pick<SimStats, "elections" | "commits" | "membershipChanges" | "configs" | "shardMoves">
>;

/** The result of a run; `cluster` null: none came about. */
export function resultOf(
  cluster: Counted | null,
  own: Own,
  verdict: SimResult["verdict"],
  violation: Violation | null,
): SimResult {
  const nodes = cluster?.nodes ?? [];
  const stats: SimStats = {
    simulatedMs: cluster?.world.now ?? 0,
    events: cluster?.world.events ?? 0,
    frames: cluster?.network.frames ?? 0,
    framesLost: cluster?.network.lost ?? 0,
    operations: cluster?.clients.started ?? 0,
    operationsOk: cluster?.clients.succeeded ?? 0,
    elections: own.elections ?? 0,
    crashes: cluster?.crashes ?? 0,
    commits: own.commits ?? 0,
    snapshotsInstalled: nodes.reduce((sum, node) => sum + node.installs, 0),
    membershipChanges: own.membershipChanges ?? 0,
    transfers: cluster?.transfers ?? 0,
    readsByLease: nodes.reduce((sum, node) => sum + node.readsByLease, 0),
    configs: own.configs ?? 0,
    shardMoves: own.shardMoves ?? 0,
  };
  return { verdict, violation, traceHash: cluster?.world.trace.digest() ?? "", stats };
}
