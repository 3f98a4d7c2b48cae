import type { LinkView, NodeView } from "../../live/document.ts";
import { leaderOf, linksAt } from "./ring-model.ts";

/** What a button asks for, and for which nodes; none: the button does not apply now. */
export type FaultButton = {
  readonly kind: "crash" | "pause" | "resume" | "restart" | "isolate" | "partition";
  readonly label: string;
  readonly nodes: readonly number[];
};

/** The buttons for the nodes that are selected. */
export function faultButtons(
  nodes: readonly NodeView[],
  selected: readonly number[],
  mayCut: boolean,
): readonly FaultButton[] {
  const those = (isFit: (node: NodeView) => boolean): readonly number[] =>
    nodes.filter((node) => selected.includes(node.id) && isFit(node)).map(({ id }) => id);
  const isCut = mayCut && nodes.length > 1;
  return [
    { kind: "crash", label: "Crash", nodes: those(({ role }) => role !== "down") },
    {
      ...{ kind: "pause", label: "Pause" },
      nodes: those(({ role }) => role !== "down" && role !== "paused"),
    },
    { kind: "resume", label: "Resume", nodes: those(({ role }) => role === "paused") },
    { kind: "restart", label: "Restart", nodes: those(({ role }) => role === "down") },
    { kind: "isolate", label: "Isolate", nodes: isCut ? those(() => true) : [] },
    {
      ...{ kind: "partition", label: "Partition from the others" },
      nodes: isCut && selected.length < nodes.length ? those(() => true) : [],
    },
  ];
}

/** What the buttons will act on, in words. */
export function selectionText(nodes: readonly NodeView[], selected: readonly number[]): string {
  if (selected.length === 0) return "No node is selected: choose some in the ring.";
  const leader = leaderOf(nodes)?.id;
  const names = selected.map((id) => (id === leader ? `${id} (leader)` : String(id)));
  return `Selected: node${selected.length === 1 ? "" : "s"} ${names.join(", ")}`;
}

/** What acts on the links of the selected nodes, or on all: the most of each. */
export function worstOf(
  ids: readonly number[],
  links: readonly LinkView[],
  selected: readonly number[],
): { readonly loss: number; readonly delayMs: number } {
  const at = linksAt(ids, selected);
  const those = links.filter((link) =>
    at.some(({ from, to }) => from === link.from && to === link.to),
  );
  return {
    loss: Math.max(0, ...those.map(({ loss }) => loss)),
    delayMs: Math.max(0, ...those.map(({ delayMs }) => delayMs)),
  };
}
