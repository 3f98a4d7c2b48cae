import type { NodeSpec } from "../fault/vocabulary.ts";
import { unreachable } from "../lib/assert.ts";
import type { SimAction, SimFault } from "./api.ts";

/** One line: what was done, and to which nodes. */
export function describeAction(action: SimAction, nodes: readonly number[]): string {
  const on = nodes.map((id) => `n${id}`).join(" ");
  switch (action.kind) {
    case "fault":
      return describeFault(action.fault, on);
    case "crash":
      return `crash ${target(action.nodes, on)}, ${kept(action.keep)}`;
    case "wipe":
      return `wipe the disk of ${target(action.nodes, on)}`;
    case "diskSpeed":
      return `disk of ${target(action.nodes, on)}: ${action.speed.latencyMs} ms a write`;
    case "diskFail":
      return `the next sync of ${target(action.nodes, on)} fails`;
    case "clockRate":
      return `clock of ${target(action.nodes, on)} runs at ${action.rate}`;
    case "clockJump":
      return `clock of ${target(action.nodes, on)} jumps ${action.ms} ms ahead`;
    case "membership":
      return `voters become ${action.voters.join(" ")}; learners ${action.learners.join(" ") || "none"}`;
    case "transfer":
      return `${on || "nobody"} hands the leadership to ${target(action.to, "")}`;
    case "snapshot":
      return `${target(action.nodes, on)} takes a snapshot`;
    default:
      return unreachable(action);
  }
}

function describeFault(fault: SimFault, on: string): string {
  switch (fault.kind) {
    case "restart":
    case "pause":
    case "resume":
      return `${fault.kind} ${target(fault.nodes, on)}`;
    case "isolate": {
      const side = { both: "all links", in: "what it hears", out: "what it says" }[fault.direction];
      return `isolate ${target(fault.nodes, on)}: ${side} cut`;
    }
    case "partition":
      return `partition (${fault.shape}): ${on} cut off`;
    case "loss":
      return `links of ${target(fault.nodes, on)} lose ${fault.ratio * 100} %`;
    case "duplicate":
      return `links of ${target(fault.nodes, on)} duplicate ${fault.ratio * 100} %`;
    case "delay":
      return `links of ${target(fault.nodes, on)} delay by ${fault.ms} to ${fault.ms + fault.jitterMs} ms`;
    case "reorder":
      return `links of ${target(fault.nodes, on)} reorder ${fault.ratio * 100} %`;
    case "membership":
      return `voters shall be ${fault.voters.join(", ")}`;
    case "heal":
      return "links heal";
    default:
      return unreachable(fault);
  }
}

function kept(keep: number): string {
  if (keep === 0) return "its unsynced writes lost";
  return keep === 1 ? "its writes under way kept" : `${keep * 100} % of its writes under way kept`;
}

/** `n2 (the leader)`: whom it was meant for, where that is not the same. */
function target(spec: NodeSpec, on: string): string {
  const meant =
    spec.kind === "node"
      ? `n${spec.id}`
      : spec.kind === "random"
        ? `a random ${spec.size}`
        : spec.kind === "leader"
          ? "the leader"
          : spec.kind === "all"
            ? "all"
            : "the followers";
  if (on === "") return spec.kind === "node" ? meant : `${meant} (nobody)`;
  return on === meant ? on : `${on} (${meant})`;
}
