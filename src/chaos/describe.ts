import { unreachable } from "../lib/assert.ts";
import type { Fault, FaultKind, NodeSpec, ReshardFault } from "../fault/vocabulary.ts";
import { describeConnectionFault, describeMessageFault } from "../fault/describe-links.ts";
import { faultsOf, type Scenario } from "./scenario.ts";

/** A fault in a few words: `crash leader`, `lose 10 % of frames of all nodes`. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case "crash":
    case "stop":
    case "restart":
    case "pause":
    case "resume":
      return `${fault.kind} ${describeNodes(fault.nodes)}`;
    case "isolate": {
      const nodes = describeNodes(fault.nodes);
      if (fault.direction === "in") return `isolate ${nodes}: hears nothing`;
      return fault.direction === "out" ? `isolate ${nodes}: is not heard` : `isolate ${nodes}`;
    }
    case "partition":
      return `partition ${describePartition(fault)}`;
    case "loss":
      return `lose ${percent(fault.ratio)} of frames of ${describeNodes(fault.nodes)}`;
    case "delay": {
      const spread = fault.jitterMs > 0 ? ` ± ${fault.jitterMs}` : "";
      const delay = `delay frames of ${describeNodes(fault.nodes)} by ${fault.ms}${spread} ms`;
      if (fault.tail === undefined) return delay;
      return `${delay}, ${percent(fault.tail.ratio)} of them by up to ${fault.tail.ms} ms more`;
    }
    case "duplicate":
      return `duplicate ${percent(fault.ratio)} of frames of ${describeNodes(fault.nodes)}`;
    case "reorder": {
      const nodes = describeNodes(fault.nodes);
      return `reorder ${percent(fault.ratio)} of frames of ${nodes} within ${fault.withinMs} ms`;
    }
    case "membership":
      return `make ${fault.voters.join(", ")} the voters`;
    case "reshard":
      return RESHARD[fault.change];
    case "powerLoss":
      return `power loss of ${describeNodes(fault.nodes)}, ${fault.keeps === "nothing" ? "nothing" : `a ${fault.keeps} part`} of what was not synced is left`;
    case "diskStall":
      return `stall the disk of ${describeNodes(fault.nodes)} for ${fault.ms} ms`;
    case "diskError":
      return `every ${fault.operation} of ${describeNodes(fault.nodes)} fails (EIO)`;
    case "diskFull":
      return `fill the disk of ${describeNodes(fault.nodes)} (ENOSPC)`;
    case "bitFlip":
      return `flip ${fault.bits} bits on the disk of ${describeNodes(fault.nodes)}`;
    case "bandwidth":
    case "reset":
    case "halfOpen":
    case "clog":
    case "unclog":
      return describeConnectionFault(fault, describeNodes(fault.nodes));
    case "message":
      return describeMessageFault(fault, describeNodes(fault.from));
    case "heal":
      return "heal links, disks and clocks";
    case "clockJump":
      return `let the clock of ${describeNodes(fault.nodes)} jump ahead by ${fault.ms} ms`;
    case "clockRate":
      return `let the clock of ${describeNodes(fault.nodes)} run at ${fault.rate} times its rate`;
    case "clockStrobe":
      return `let the clock of ${describeNodes(fault.nodes)} stand still and jump every ${fault.everyMs} ms`;
    case "transfer":
      return `hand the leadership to ${describeNodes(fault.to)}`;
    case "snapshot":
      return `${describeNodes(fault.nodes)}: take a snapshot`;
    case "wipe":
      return `wipe the disk of ${describeNodes(fault.nodes)}`;
    default:
      return unreachable(fault);
  }
}

const RESHARD: Readonly<Record<ReshardFault["change"], string>> = {
  join: "a group joins",
  leave: "a group leaves",
  move: "move a shard",
  shuffle: "move a quarter of the shards",
  rebalance: "rebalance the shards",
};

const LIFTS: ReadonlySet<FaultKind> = new Set<FaultKind>(["heal", "resume", "restart", "unclog"]);

/** Does a fault of this kind only end others? */
export const isLift = (kind: FaultKind): boolean => LIFTS.has(kind);

/** The kinds of fault in a scenario, each once, in order of appearance; lifts are left out. */
export const faultKindsOf = (scenario: Scenario): string[] => [
  ...new Set(
    scenario.faults
      .flatMap(faultsOf)
      .map((fault) => fault.kind)
      .filter((kind) => !LIFTS.has(kind)),
  ),
];

function describeNodes(spec: NodeSpec): string {
  switch (spec.kind) {
    case "leader":
      return "leader";
    case "leaderOf":
      return spec.group === null ? "leader of some group" : `leader of group ${spec.group}`;
    case "followers":
      return "followers";
    case "all":
      return "all nodes";
    case "node":
      return `node ${spec.id}`;
    case "random":
      return spec.size === "one" ? "a random node" : `a random ${spec.size}`;
    default:
      return unreachable(spec);
  }
}

function describePartition(fault: Extract<Fault, { kind: "partition" }>): string {
  if (fault.shape === "halves") {
    return fault.leaderIn === "any" ? "halves" : `halves, leader in the ${fault.leaderIn}`;
  }
  if (fault.shape === "random") return "two random sides";
  return fault.shape === "bridge" ? "halves with a bridge" : "majorities ring";
}

const percent = (ratio: number): string => `${Number((ratio * 100).toFixed(2))} %`;
