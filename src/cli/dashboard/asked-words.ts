import type { LiveEvent } from "../../dashboard/live/document.ts";
import type { NewEvent } from "../../dashboard/live/host.ts";
import type { LiveFault } from "../../target/live-faults.ts";
import type { AskedEvent, ControlRequest } from "../cluster/obey.ts";

/** A line of the event log: what was asked, by whom, and whether it came about. */
export function askedEvent(
  { atUs, by, asked, error }: AskedEvent,
  nodes: readonly number[],
): NewEvent {
  const words = asked.kind === "fault" ? faultWords(asked.fault, nodes) : changeWords(asked);
  const kind: LiveEvent["kind"] = asked.kind === "fault" ? "fault" : "change";
  const at = { atMs: atUs / 1000, by };
  if (error === null) return { ...at, kind, text: words };
  return { ...at, kind: "problem", text: `${words}: ${error.replaceAll(/\s+/g, " ")}` };
}

/** `crash node 3`, `partition 1 2 | 3 4 5`, `links 1→2 2→1: loss 20 %, delay 50 ms`. */
export function faultWords(fault: LiveFault, nodes: readonly number[]): string {
  switch (fault.kind) {
    case "partition": {
      const others = nodes.filter((id) => !fault.nodes.includes(id));
      return `partition ${fault.nodes.join(" ")} | ${others.join(" ")}`;
    }
    case "links": {
      const { links, cut, loss, delayMs } = fault;
      const what = [
        ...(cut === undefined ? [] : [cut ? "cut" : "not cut"]),
        ...(loss === undefined ? [] : [`loss ${Math.round(loss * 100)} %`]),
        ...(delayMs === undefined ? [] : [`delay ${delayMs} ms`]),
      ];
      return `${linkWords(links, nodes)}: ${what.join(", ")}`;
    }
    case "heal":
      return "all links healed";
    case "recover":
      return "all faults lifted";
    default:
      return `${fault.kind} ${nodeWords(fault.nodes)}`;
  }
}

function linkWords(
  links: readonly { readonly from: number; readonly to: number }[],
  nodes: readonly number[],
): string {
  if (links.length === nodes.length * (nodes.length - 1)) return "all links";
  const has = (from: number, to: number): boolean =>
    links.some((link) => link.from === from && link.to === to);
  const seen = links.flatMap(({ from, to }) => {
    if (!has(to, from)) return [`${from}→${to}`];
    return from < to ? [`${from}–${to}`] : [];
  });
  return `link${seen.length === 1 ? "" : "s"} ${seen.join(" ")}`;
}

function changeWords(asked: Exclude<ControlRequest, { kind: "fault" }>): string {
  switch (asked.kind) {
    case "transfer":
      return `leadership to node ${asked.to}`;
    case "snapshot":
      return asked.nodes.length === 0 ? "snapshots" : `snapshot of ${nodeWords(asked.nodes)}`;
    case "restart":
      return `rolling restart${asked.nodes.length === 0 ? "" : ` of ${nodeWords(asked.nodes)}`}`;
    default: {
      const { add, asLearners, remove, promote } = asked;
      return [
        ...(add > 0 ? [`${add} new ${asLearners ? "learners" : "voters"}`] : []),
        ...(remove.length > 0 ? [`without ${nodeWords(remove)}`] : []),
        ...(promote.length > 0 ? [`${nodeWords(promote)} to voters`] : []),
      ].join(", ");
    }
  }
}

const nodeWords = (ids: readonly number[]): string =>
  `node${ids.length === 1 ? "" : "s"} ${ids.join(" ")}`;
