import type { SimAction } from "./api.ts";

/** Whether an action names no node beyond these. */
export function namesOnly(action: SimAction, nodes: number): boolean {
  const target = action.kind === "fault" ? action.fault : action;
  if (target.kind === "membership") {
    const learners = action.kind === "membership" ? action.learners : [];
    return [...target.voters, ...learners].every((id) => id <= nodes);
  }
  const spec = "nodes" in target ? target.nodes : "to" in target ? target.to : null;
  return spec === null || spec.kind !== "node" || spec.id <= nodes;
}
