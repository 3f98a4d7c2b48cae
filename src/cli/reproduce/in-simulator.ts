import { faultsOf, type Scenario } from "../../chaos/scenario.ts";
import type { Action, Schedule } from "../../chaos/schedule.ts";
import type { FaultKind } from "../../fault/vocabulary.ts";
import type { SimSchedule, Violation } from "../../sim/api.ts";
import { runSchedule } from "../../sim/run.ts";
import { drawSchedule } from "../../sim/swarm.ts";
import { compileScenario } from "../chaos-sim/compile.ts";
import { type KeptFailure, keepFailure } from "../sim/failing-run.ts";

/** What the simulator made of a failure of real processes. */
export type Simulated =
  | {
      readonly kind: "reproduced";
      /** The first seed that showed it, and how many were run. */
      readonly seed: number;
      readonly seeds: number;
      readonly violation: Violation;
      readonly kept: KeptFailure;
      /** The faults that are left in the shrunk schedule, for real processes. */
      readonly schedule: Schedule;
    }
  | { readonly kind: "held"; readonly seeds: number }
  | { readonly kind: "skipped"; readonly reason: string };

export type SimulatorOptions = {
  /** Of the failed check of the real run. */
  readonly check: string;
  readonly seed: number;
  readonly seedsMax: number;
  readonly reportsDir: string;
  readonly now: () => number;
  /** No new seed after this, on that clock. */
  readonly until: number;
};

/** Faults that may lose acknowledged data by themselves if they meet the wrong nodes. */
const HARMFUL: readonly FaultKind[] = ["bitFlip", "wipe"];
/** Checks that the simulator has nothing like: they are about how soon real processes are back. */
const TIMED: readonly string[] = ["restarted", "not-vacuous"];

/**
 * The same faults at the same times in simulated clusters of the same size, a seed after the other:
 * once as near to the real run as the simulator comes (`chaos run --target sim`), and once with the
 * latencies, limits and load that the seed draws (swarm.ts), which find more. The first violation is shrunk, and its
 * schedule and story are kept.
 */
export async function trySimulator(
  scenario: Scenario,
  schedule: Schedule,
  options: SimulatorOptions,
): Promise<Simulated> {
  const reason = whyNot(scenario, schedule, options.check);
  if (reason !== null) return { kind: "skipped", reason };
  let seeds = 0;
  while (seeds < options.seedsMax && (seeds === 0 || options.now() < options.until)) {
    const seed = options.seed + seeds++;
    const found = [
      compileScenario(scenario, schedule, seed).schedule,
      simulatedSchedule(scenario, schedule, seed),
    ]
      .map((simulated) => ({ simulated, ...runSchedule(simulated) }))
      .find(({ violation }) => violation !== null && isLike(violation, options.check));
    if (found === undefined) continue;
    const { simulated } = found;
    const violation = found.violation!;
    const kept = await keepFailure(simulated, options.reportsDir, `${scenario.name}-${seed}`);
    const left = schedulesFaults(await scheduleIn(kept.schedule), schedule.durationMs);
    return { kind: "reproduced", seed, seeds, violation, kept, schedule: left };
  }
  return { kind: "held", seeds };
}

function whyNot(scenario: Scenario, schedule: Schedule, check: string): string | null {
  if (scenario.cluster.sharded !== undefined) {
    return "it plays scenarios on one group only (sharded clusters: ordeal sim --sharded)";
  }
  if (schedule.actions.length === 0 && (schedule.sequences ?? []).length > 0) {
    return "its faults wait for conditions, which a schedule of the simulator cannot";
  }
  if (TIMED.includes(check)) return `"${check}" is about real time or what must have happened`;
  const harmful = scenario.faults.flatMap(faultsOf).find(({ kind }) => HARMFUL.includes(kind));
  if (harmful === undefined) return null;
  return `"${harmful.kind}" of any nodes may lose data in the simulator without any bug`;
}

/** Whether what broke there is of the kind that failed here: that it goes on, or that data are right. */
const isLike = ({ invariant }: Violation, check: string): boolean =>
  (invariant === "LIVE") === (check === "recovered");

/** The schedule that a seed draws, with the cluster and the faults of the scenario in place of its own. */
export function simulatedSchedule(
  scenario: Scenario,
  { durationMs, actions }: Schedule,
  seed: number,
): SimSchedule {
  const { nodes, spares = 0 } = scenario.cluster;
  // As the nodes that failed: without leases, and without clocks that drift.
  const config = { leaseReads: false };
  const drawn = drawSchedule(seed, { nodes: { min: nodes, max: nodes }, durationMs, config });
  const faults = actions.filter(({ atMs }) => atMs < durationMs);
  return {
    ...drawn,
    spares,
    actions: faults.map(({ atMs, fault }) => ({ atMs, kind: "fault", fault })),
  };
}

async function scheduleIn(path: string): Promise<SimSchedule> {
  const { parseScheduleFile } = await import("../../sim/schedule-file.ts");
  return parseScheduleFile(await Bun.file(path).text(), path).schedule;
}

/** The faults of a simulated schedule for real processes, which need time to elect a first leader. */
function schedulesFaults(shrunk: SimSchedule, durationMs: number): Schedule {
  const faults = shrunk.actions.flatMap((action): Action[] =>
    action.kind === "fault" ? [{ atMs: Math.round(action.atMs), fault: action.fault }] : [],
  );
  const lateMs = Math.max(0, Math.round(durationMs * QUIET_SHARE) - (faults[0]?.atMs ?? 0));
  const actions = faults
    .map(({ atMs, fault }) => ({ atMs: atMs + lateMs, fault }))
    .filter(({ atMs }) => atMs < durationMs);
  return { durationMs, actions };
}

/** A run stays quiet for so long at its beginning, so that there is something to compare with. */
const QUIET_SHARE = 0.15;
