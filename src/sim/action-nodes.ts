import type { NodeSpec } from "../fault/vocabulary.ts";
import type { SimAction } from "./api.ts";

/** Whether an action names no node beyond these. */
export function namesOnly(action: SimAction, nodes: number): boolean {
  const target = action.kind === "fault" ? action.fault : action;
  if (target.kind === "membership") {
    const learners = action.kind === "membership" ? action.learners : [];
    return [...target.voters, ...learners].every((id) => id <= nodes);
  }
  const spec = specOf(target);
  return spec === null || spec.kind !== "node" || spec.id <= nodes;
}

type Target = SimAction | Extract<SimAction, { kind: "fault" }>["fault"];

function specOf(target: Target): NodeSpec | null {
  if ("nodes" in target) return target.nodes;
  if ("from" in target) return target.from;
  return "to" in target ? target.to : null;
}
