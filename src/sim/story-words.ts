import type { Fault, NodeSpec, PowerLossKeeps } from "../fault/vocabulary.ts";
import { describeConnectionFault, describeMessageFault } from "../fault/describe-links.ts";
import { unreachable } from "../lib/assert.ts";
import type { SimAction } from "./api.ts";

/** One line: what was done, and to which nodes. */
export function describeAction(action: SimAction, nodes: readonly number[]): string {
  const on = nodes.map((id) => `n${id}`).join(" ");
  switch (action.kind) {
    case "fault":
      return describeFault(action.fault, on);
    case "diskSpeed":
      return `disk of ${target(action.nodes, on)}: ${action.speed.latencyMs} ms a write`;
    case "membership":
      return `voters become ${action.voters.join(" ")}; learners ${action.learners.join(" ") || "none"}`;
    default:
      return unreachable(action);
  }
}

function describeFault(fault: Fault, on: string): string {
  switch (fault.kind) {
    case "crash":
    case "stop":
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
      return `links of ${target(fault.nodes, on)} delay by ${fault.ms} to ${fault.ms + fault.jitterMs + (fault.tail?.ms ?? 0)} ms`;
    case "reorder":
      return `links of ${target(fault.nodes, on)} reorder ${fault.ratio * 100} %`;
    case "membership":
      return `voters shall be ${fault.voters.join(", ")}`;
    case "bandwidth":
    case "reset":
    case "halfOpen":
    case "clog":
    case "unclog":
      return describeConnectionFault(fault, target(fault.nodes, on));
    case "message":
      return describeMessageFault(fault, target(fault.from, on));
    case "heal":
      return "links, disks and clocks heal";
    case "clockRate":
      return `clock of ${target(fault.nodes, on)} runs at ${fault.rate}`;
    case "clockJump":
      return `clock of ${target(fault.nodes, on)} jumps ${fault.ms} ms ahead`;
    case "clockStrobe":
      return `clock of ${target(fault.nodes, on)} goes by jerks of ${fault.everyMs} ms`;
    case "transfer":
      return `${on || "nobody"} hands the leadership to ${target(fault.to, "")}`;
    case "reshard":
      return `another config of shards: ${fault.change}`;
    case "snapshot":
      return `${target(fault.nodes, on)} takes a snapshot`;
    case "wipe":
      return `wipe the disk of ${target(fault.nodes, on)}`;
    case "powerLoss":
      return `${target(fault.nodes, on)} loses power; of what is not synced ${KEPT[fault.keeps]} is left`;
    case "diskStall":
      return `disk of ${target(fault.nodes, on)} stalls for ${fault.ms} ms`;
    case "diskError":
      return `${fault.operation}s of ${target(fault.nodes, on)} fail`;
    case "diskFull":
      return `disk of ${target(fault.nodes, on)} is full`;
    case "bitFlip":
      return `${fault.bits} ${fault.bits === 1 ? "bit" : "bits"} on the disk of ${target(fault.nodes, on)} flip`;
    default:
      return unreachable(fault);
  }
}

const KEPT: Record<PowerLossKeeps, string> = {
  nothing: "nothing",
  prefix: "the first part",
  subset: "some",
  torn: "some sectors",
};

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
            : spec.kind === "leaderOf"
              ? `the leader of group ${spec.group ?? "any"}`
              : "the followers";
  if (on === "") return spec.kind === "node" ? meant : `${meant} (nobody)`;
  return on === meant ? on : `${on} (${meant})`;
}
