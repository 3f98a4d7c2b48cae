import { asIndex } from "../lib/ids.ts";
import type { RaftStatus } from "../raft/api.ts";
import type { SimObserver } from "./api.ts";

/** Tells what became of a node in a turn; `before` is null in its first. */
export function tellTurn(
  observe: SimObserver,
  now: number,
  node: number,
  before: RaftStatus | null,
  after: RaftStatus,
): void {
  const { role, term, commitIndex, appliedIndex } = after;
  if (before?.role !== role || before.term !== term) {
    observe(now, { kind: "role", node, role, term });
  }
  if (commitIndex > (before?.commitIndex ?? asIndex(0))) {
    observe(now, { kind: "commit", node, index: commitIndex });
  }
  if (appliedIndex > (before?.appliedIndex ?? asIndex(0))) {
    observe(now, { kind: "apply", node, index: appliedIndex });
  }
}
