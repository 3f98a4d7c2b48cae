import type { ClusterEvent } from "../target/target.ts";
import { familyOf } from "./fault-family.ts";
import type { FaultBand, Timeline } from "./schema.ts";

/**
 * What a node was for a while. `leader`: in the highest term so far. `stale`: it still took itself
 * for the leader although another had been elected in a higher term. `down` and `paused`: by a
 * fault on its process. `disk` and `clock`: its own was at fault. `cut` and `frames`: by a fault
 * on its links.
 */
export type Span = {
  readonly kind: "leader" | "stale" | "down" | "paused" | "disk" | "clock" | "cut" | "frames";
  readonly fromUs: number;
  readonly toUs: number;
  /** Of a leader; 0 for a fault. */
  readonly term: number;
  readonly label: string;
};

export type Lane = { readonly node: number; readonly spans: readonly Span[] };

export const endUs = (timeline: Timeline): number =>
  timeline.startUs + timeline.ok.length * timeline.intervalMs * 1000;

/**
 * A lane a node, `nodes` of them and those that events or faults name. Spans are cut to the time
 * that the timeline covers, and stand in order of their beginning.
 */
export function lanesOf(timeline: Timeline, nodes: number): readonly Lane[] {
  const ids = new Set<number>();
  for (let id = 1; id <= nodes; id++) ids.add(id);
  for (const event of timeline.events) ids.add(event.node);
  for (const band of timeline.faults) for (const node of band.nodes) ids.add(node);
  const range = { fromUs: timeline.startUs, toUs: endUs(timeline) };
  return [...ids]
    .sort((a, b) => a - b)
    .map((node) => {
      const own = timeline.faults.filter((band) => band.nodes.includes(node));
      const spans = [...own.map(faultSpan), ...leaderSpans(timeline, node, own)];
      return { node, spans: spans.flatMap((span) => cut(span, range)).sort(byStart) };
    });
}

const byStart = (a: Span, b: Span): number => a.fromUs - b.fromUs;

function cut(span: Span, range: { readonly fromUs: number; readonly toUs: number }): Span[] {
  const fromUs = Math.max(span.fromUs, range.fromUs);
  const toUs = Math.min(span.toUs, range.toUs);
  return fromUs < toUs ? [{ ...span, fromUs, toUs }] : [];
}

function faultSpan({ kind, label, fromUs, toUs }: FaultBand): Span {
  return { kind: spanKind(kind), fromUs, toUs, term: 0, label };
}

function spanKind(fault: string): Span["kind"] {
  const family = familyOf(fault);
  if (family !== "process") return family;
  return endsProcess(fault) ? "down" : "paused";
}

const endsProcess = (fault: string): boolean => ["crash", "stop", "powerLoss"].includes(fault);

/** When `node` took itself for the leader: from becameLeader until it stepped down or crashed. */
function leaderSpans(timeline: Timeline, node: number, own: readonly FaultBand[]): Span[] {
  const spans: Span[] = [];
  let open: ClusterEvent | null = null;
  const close = (atUs: number): void => {
    if (open !== null) spans.push(...splitStale(timeline, open, atUs));
    open = null;
  };
  const crashes = own
    .filter((band) => endsProcess(band.kind))
    .map(({ fromUs }) => ({ atUs: fromUs, kind: "crashed" as const }));
  const events = timeline.events.filter((event) => event.node === node);
  for (const event of [...events, ...crashes].sort((a, b) => a.atUs - b.atUs)) {
    if (event.kind === "termChanged" && open !== null && event.term <= (open as ClusterEvent).term)
      continue; // Its own election, logged after becameLeader.
    close(event.atUs);
    if (event.kind === "becameLeader") open = event;
  }
  close(endUs(timeline));
  return spans;
}

/** One reign in two spans: before and after another node became leader in a higher term. */
function splitStale(timeline: Timeline, began: ClusterEvent, toUs: number): Span[] {
  const { node, term, atUs } = began;
  const successor = timeline.events
    .filter((event) => event.kind === "becameLeader" && event.node !== node && event.term > term)
    .reduce((first, event) => Math.min(first, event.atUs), Number.POSITIVE_INFINITY);
  const label = `leader in term ${term}`;
  const leader: Span = {
    kind: "leader",
    fromUs: atUs,
    toUs: Math.min(toUs, successor),
    term,
    label,
  };
  if (successor >= toUs) return [leader];
  const stale = `still took itself for the leader of term ${term}`;
  return [leader, { kind: "stale", fromUs: Math.max(atUs, successor), toUs, term, label: stale }];
}
