import type { Failover, FaultBand } from "../report/schema.ts";
import type { ClusterEvent } from "../target/target.ts";

/**
 * When the first write was acknowledged that was invoked at or after `invokedUs` and returned at or
 * after `returnedUs`; null: never.
 */
export type FirstAck = (invokedUs: number, returnedUs: number) => number | null;

/** What most likely deposes a leader it hits, most likely first. */
const DEPOSING = [
  ...(["crash", "powerLoss", "pause", "diskError", "diskFull", "diskStall"] as const),
  ...(["isolate", "partition", "loss", "delay", "reorder"] as const),
];

/**
 * The changes of leader that faults brought about: for each election, the fault that hit the leader
 * before it, of the kind most likely to depose one. Elections without such a fault are nobody's
 * failover and left out. A leader that crashed without a successor is listed with nulls.
 */
export function failoversOf(
  bands: readonly FaultBand[],
  events: readonly ClusterEvent[],
  firstAck: FirstAck,
): Failover[] {
  const reigns = reignsOf(events);
  return reigns.flatMap((reign, i): Failover[] => {
    const next = reigns[i + 1];
    const fault = causeOf(reign, next, bands);
    if (fault === null) return [];
    const head = { fault: fault.label, oldLeader: reign.node, faultAtUs: fault.fromUs };
    if (next === undefined) {
      return fault.kind === "crash" || fault.kind === "powerLoss"
        ? [{ ...head, newLeader: null, electedMs: null, firstAckMs: null }]
        : [];
    }
    const ackUs = firstAck(fault.fromUs, next.atUs);
    return [
      {
        ...head,
        newLeader: next.node,
        electedMs: (next.atUs - fault.fromUs) / 1000,
        firstAckMs: ackUs === null ? null : (ackUs - fault.fromUs) / 1000,
      },
    ];
  });
}

/** Terms with two different leaders, which Raft rules out (paper §5.2, Election Safety). */
export function termsWithTwoLeaders(events: readonly ClusterEvent[]): readonly string[] {
  const leaderOf = new Map<number, number>();
  const found: string[] = [];
  for (const { kind, term, node } of events) {
    if (kind !== "becameLeader") continue;
    const other = leaderOf.get(term);
    if (other === undefined) leaderOf.set(term, node);
    else if (other !== node) found.push(`nodes ${other} and ${node} both led term ${term}`);
  }
  return found;
}

/** Elections in order of time, those left out that an election of a higher term preceded. */
function reignsOf(events: readonly ClusterEvent[]): ClusterEvent[] {
  const reigns: ClusterEvent[] = [];
  for (const event of events.toSorted((a, b) => a.atUs - b.atUs)) {
    if (event.kind !== "becameLeader") continue;
    if (event.term > (reigns.at(-1)?.term ?? 0)) reigns.push(event);
  }
  return reigns;
}

/**
 * The fault between an election and the next that most likely ended the reign: one that hit the
 * leader, by kind, then by time; failing that, a partition, which hits links of nodes it does not name.
 */
function causeOf(
  reign: ClusterEvent,
  next: ClusterEvent | undefined,
  bands: readonly FaultBand[],
): FaultBand | null {
  const untilUs = next?.atUs ?? Number.POSITIVE_INFINITY;
  const hit = (band: FaultBand): boolean => band.nodes.includes(reign.node);
  const rank = (band: FaultBand): number =>
    DEPOSING.findIndex((kind) => kind === band.kind) + (hit(band) ? 0 : DEPOSING.length);
  const [cause] = bands
    .filter((band) => DEPOSING.some((kind) => kind === band.kind))
    .filter((band) => hit(band) || band.kind === "partition")
    .filter((band) => band.fromUs >= reign.atUs && band.fromUs < untilUs)
    .sort((a, b) => rank(a) - rank(b) || a.fromUs - b.fromUs);
  return cause ?? null;
}
