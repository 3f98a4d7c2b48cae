import { unreachable } from "../lib/assert.ts";
import type { LinkTable } from "./link-table.ts";
import type { Fault, NodeSpec } from "./vocabulary.ts";

/** Faults that stay on the links of nodes until they are lifted; `unclog` lifts. */
export type NodeLinkFault = Extract<
  Fault,
  {
    kind:
      | "isolate"
      | "loss"
      | "delay"
      | "duplicate"
      | "reorder"
      | "bandwidth"
      | "clog"
      | "unclog"
      | "message";
  }
>;

/** Faults of the connections that are open when they come. */
export type BreakFault = Extract<Fault, { kind: "reset" | "halfOpen" }>;

export type LinkFault = Extract<Fault, { kind: "partition" }> | NodeLinkFault | BreakFault;

/** Whose links a fault is on. */
export const endsOf = (fault: NodeLinkFault | BreakFault): NodeSpec =>
  fault.kind === "message" ? fault.from : fault.nodes;

/** Can the fault do something to this node? One that is not clogged cannot be unclogged. */
export const canHitLinks = (
  fault: NodeLinkFault | BreakFault,
  table: LinkTable,
  node: number,
): boolean => fault.kind !== "unclog" || table.isClogged(node);

/** Notes the fault in the table. */
export function hitLinks(table: LinkTable, fault: NodeLinkFault, nodes: readonly number[]): void {
  switch (fault.kind) {
    case "isolate":
      return table.isolate(nodes, fault.direction);
    case "loss":
    case "delay":
    case "duplicate":
    case "reorder":
    case "bandwidth":
      return table.disturb(nodes, fault);
    case "clog":
      return table.clog(nodes);
    case "unclog":
      return table.unclog(nodes);
    case "message":
      return table.rule(nodes, fault);
    default:
      return unreachable(fault);
  }
}
