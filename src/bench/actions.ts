import { type Figure, figure } from "./dsl.ts";
import type { Cluster } from "../target/target.ts";
import type { Counts } from "../workload/spec.ts";

/** What is done to the cluster while it is measured. */
export type CaseAction = {
  /** From the start of the measurement. */
  readonly atMs: number;
  readonly act: Act;
};

/** `restart`: every crashed node starts again on what its disk holds. */
export type Act = "crash leader" | "crash all" | "restart" | "snapshot";

/** What happened in one interval of a load. */
export type Tick = { readonly atUs: number; readonly intervalMs: number; readonly counts: Counts };

export function perform(cluster: Cluster, act: Act): Promise<unknown> {
  switch (act) {
    case "crash leader":
      return cluster.fault({ kind: "crash", nodes: { kind: "leader" } });
    case "crash all":
      return cluster.fault({ kind: "crash", nodes: { kind: "all" } });
    case "restart":
      return cluster.fault({ kind: "restart", nodes: { kind: "all" } });
    case "snapshot":
      return cluster.fault({ kind: "snapshot", nodes: { kind: "all" } });
  }
}

/** Performs the actions at their times from now on, one after the other. */
export async function performAll(
  cluster: Cluster,
  actions: readonly CaseAction[],
  fromMs: number,
): Promise<void> {
  for (const { atMs, act } of actions) {
    await Bun.sleep(Math.max(0, fromMs + atMs - performance.now()));
    await perform(cluster, act);
  }
}

/** The same share of a shorter measurement. */
export const scaled = (actions: readonly CaseAction[], by: number): readonly CaseAction[] =>
  actions.map(({ atMs, act }) => ({ atMs: atMs * by, act }));

/**
 * How service fared: the longest time without an acknowledged operation, to an interval of the ticks
 * (100 ms), and throughput after the first action against that before it.
 */
export function actionFigures(
  name: string,
  ticks: readonly Tick[],
  measuredFromUs: number,
  actedAtUs: number,
): readonly Figure[] {
  let longestMs = 0;
  let runMs = 0;
  for (const { atUs, intervalMs, counts } of ticks) {
    if (atUs <= measuredFromUs) continue;
    runMs = counts.ok === 0 ? runMs + intervalMs : 0;
    longestMs = Math.max(longestMs, runMs);
  }
  const before = rateOf(ticks.filter((t) => t.atUs > measuredFromUs && t.atUs <= actedAtUs));
  const after = rateOf(ticks.filter((t) => t.atUs > actedAtUs));
  const note = "to the 100 ms of a tick";
  const gap = figure(`${name}: longest time without an acknowledged operation`, longestMs, "ms", {
    note,
  });
  if (before === null || after === null || before === 0) return [gap];
  const rates = `${Math.round(before)}/s before, ${Math.round(after)}/s after`;
  return [
    gap,
    figure(`${name}: throughput after the first action, to before`, after / before, "ratio", {
      note: rates,
    }),
  ];
}

function rateOf(ticks: readonly Tick[]): number | null {
  const ms = ticks.reduce((sum, { intervalMs }) => sum + intervalMs, 0);
  return ms === 0 ? null : (ticks.reduce((sum, { counts }) => sum + counts.ok, 0) * 1000) / ms;
}
