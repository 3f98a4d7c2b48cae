import { median } from "../lib/stats.ts";
import type { Check, Failover, Figure } from "../report/schema.ts";
import type { ClusterEvent } from "../target/target.ts";
import { figure } from "./dsl.ts";

/** When the first write was acknowledged that began at or after the one time and ended at or after the other. */
export type FirstAck = (invokedUs: number, returnedUs: number) => number | null;

/** A leader was killed. */
export type Kill = { readonly leader: number; readonly atUs: number };

/** What one kill led to; null: it did not come about before the next one. Times since the kill. */
export type FailoverTimes = {
  readonly kill: Kill;
  readonly newLeader: number | null;
  /** A node has left its term for an election. */
  readonly detectedMs: number | null;
  readonly electedMs: number | null;
  readonly firstAckMs: number | null;
};

/** Of every kill, by what the nodes logged until the next one, and by the history of the clients. */
export function failoverTimes(
  kills: readonly Kill[],
  events: readonly ClusterEvent[],
  firstAck: FirstAck,
): readonly FailoverTimes[] {
  return kills.map((kill, i) => {
    const untilUs = kills[i + 1]?.atUs ?? Number.POSITIVE_INFINITY;
    const own = events.filter(
      ({ atUs, node }) => atUs >= kill.atUs && atUs < untilUs && node !== kill.leader,
    );
    const elected = own.find(({ kind }) => kind === "becameLeader");
    const detected = own.find(({ kind }) => kind === "termChanged" || kind === "becameLeader");
    const ackUs = elected === undefined ? null : firstAck(kill.atUs, elected.atUs);
    const since = (atUs: number | null | undefined): number | null =>
      atUs === null || atUs === undefined || atUs >= untilUs ? null : (atUs - kill.atUs) / 1000;
    return {
      kill,
      newLeader: elected?.node ?? null,
      detectedMs: since(detected?.atUs),
      electedMs: since(elected?.atUs),
      firstAckMs: since(ackUs),
    };
  });
}

/** Medians over the kills, with their range, each part shown apart. */
export function failoverFigures(
  name: string,
  times: readonly FailoverTimes[],
  goalMs: number | undefined,
): readonly Figure[] {
  const of = (
    what: string,
    pick: (t: FailoverTimes) => number | null,
    goal: Figure["goal"] = null,
  ): readonly Figure[] => {
    const values = times.flatMap((t) => pick(t) ?? []);
    if (values.length === 0) return [];
    const [low, high] = [Math.min(...values), Math.max(...values)].map((ms) => ms.toFixed(0));
    const note = `median of ${values.length} kills, ${low} to ${high} ms`;
    return [figure(`${name}: SIGKILL to ${what}`, median(values), "ms", { goal, note })];
  };
  return [
    ...of("detection", (t) => t.detectedMs),
    ...of("election", (t) => t.electedMs),
    ...of(
      "first acknowledged write",
      (t) => t.firstAckMs,
      goalMs === undefined ? null : { atMost: goalMs },
    ),
  ];
}

/** Unknown when a kill was not followed by a write: the medians are then of the others only. */
export function failoverCheck(name: string, times: readonly FailoverTimes[]): Check {
  const over = times.filter(({ firstAckMs }) => firstAckMs !== null).length;
  const detail = `${over} of ${times.length} kills were followed by an election and a write`;
  const verdict = over === times.length ? "pass" : "unknown";
  return { name: `${name}: failed over`, verdict, detail, evidence: [] };
}

/** As the report lists changes of leader. */
export const failoversOf = (times: readonly FailoverTimes[]): readonly Failover[] =>
  times.map(({ kill, newLeader, electedMs, firstAckMs }) => ({
    ...{ fault: "SIGKILL of the leader", oldLeader: kill.leader, newLeader },
    ...{ faultAtUs: kill.atUs, electedMs, firstAckMs },
  }));
