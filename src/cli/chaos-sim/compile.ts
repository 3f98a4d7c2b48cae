import { type Aim, faultsOf, isDiskFault, type Scenario } from "../../chaos/scenario.ts";
import type { Sequence } from "../../chaos/sequence.ts";
import type { Action, Schedule } from "../../chaos/schedule.ts";
import { CLEAR_LINK, type Fault } from "../../fault/vocabulary.ts";
import { RAFT_DEFAULTS } from "../../raft/api.ts";
import { SIM_DEFAULTS, type SimConfig, type SimSchedule } from "../../sim/api.ts";
import { simulatedLoad, simulatedRate } from "./load.ts";

/** The load goes on for so long after all is lifted. */
const AFTERMATH_MS = 1_000;
const SNAPSHOT_BYTES_MIN = 1_000;
/** Never snapshots: what real nodes take by default is out of a short run's reach. */
const NO_SNAPSHOTS = 0;

/** Whether a node may vote is nothing that a schedule says: it follows from what its disk lost. */

export type Compiled = {
  readonly schedule: SimSchedule;
  /** As it was, but for what its aims count: the load is smaller. */
  readonly scenario: Scenario;
  /** What the simulator does otherwise, a few words each. */
  readonly notes: readonly string[];
};

/**
 * A scenario for the simulator: the same cluster and the same faults at the same times, lifted at the end
 * while the load goes on. A pure function: it draws nothing but by the seed.
 */
export function compileScenario(scenario: Scenario, schedule: Schedule, seed: number): Compiled {
  const { nodes, spares = 0 } = scenario.cluster;
  const { durationMs } = schedule;
  const totalMs = durationMs + AFTERMATH_MS;
  const faults = [...schedule.actions, ...(schedule.sequences ?? []).flatMap(actionsOf)]
    .filter(({ atMs }) => atMs < durationMs)
    .sort((a, b) => a.atMs - b.atMs);
  const lifts = LIFTED.map((fault) => ({ atMs: durationMs, fault }));
  return {
    schedule: {
      ...{ version: 3, seed, nodes, spares, durationMs: totalMs },
      config: configOf(scenario),
      actions: [...faults, ...lifts].map(({ atMs, fault }) => ({ atMs, kind: "fault", fault })),
      operations: simulatedLoad(scenario.workload, seed, totalMs),
    },
    scenario: { ...withoutSlo(scenario), aim: scenario.aim.map((aim) => scaled(aim, scenario)) },
    notes: [
      ...notesOf(scenario),
      ...(schedule.sequences === undefined
        ? []
        : ["waits for half their limit in place of conditions"]),
      ...(scenario.slo === undefined ? [] : ["no SLO: virtual time and memory promise nothing"]),
    ],
  };
}

/** A schedule is fixed beforehand: what waits for a condition waits for half its limit. */
function actionsOf({ atMs, stages }: Sequence): readonly Action[] {
  let now = atMs;
  return stages.flatMap((stage): Action[] => {
    if (stage.kind === "do") return [{ atMs: now, fault: stage.fault }];
    now += stage.kind === "wait" ? stage.ms : stage.limitMs / 2;
    return [];
  });
}

function withoutSlo(scenario: Scenario): Scenario {
  const { slo: _slo, ...rest } = scenario;
  return rest;
}

const ALL = { kind: "all" } as const;
const LIFTED: readonly Fault[] = [
  { kind: "heal" },
  { kind: "resume", nodes: ALL },
  { kind: "restart", nodes: ALL },
];

/** What real nodes run with, on links of one data centre. */
function configOf(scenario: Scenario): SimConfig {
  const { nodes, spares = 0, storage } = scenario.cluster;
  const { clients, timeoutMs, homeShare = 0, valueBytes } = scenario.workload;
  const hasBadDisks = scenario.faults.flatMap(faultsOf).some(({ kind }) => isDiskFault(kind));
  // As runtime/faulty-disk.ts; an SSD; nothing to wait for.
  const disk = hasBadDisks ? { latencyMs: 2, jitterMs: 4 } : { latencyMs: 0.1, jitterMs: 0.4 };
  const ids = Array.from({ length: nodes + spares }, (_, i) => i + 1);
  const snapshotEveryBytes = snapshotBytes(scenario);
  return {
    ...SIM_DEFAULTS,
    // As replica/replica.ts sizes it for a node: what is kept for those that lag.
    trailingBytes: Math.min(RAFT_DEFAULTS.trailingBytes, snapshotEveryBytes),
    leaseReads: scenario.cluster.leaseReads ?? false,
    snapshotEveryBytes,
    link: { ...CLEAR_LINK, delayMs: 0.2, jitterMs: 0.3 },
    disk: storage === "memory" ? { latencyMs: 0, jitterMs: 0 } : disk,
    segments: { first: 4 << 10, max: 64 << 10 },
    syncNowBytesMax: 0,
    turnMs: 0,
    clocks: ids.map((id) => ({ rate: 1, offsetMs: 1_000 * id })),
    ...{ clients, timeoutMs, homeShare, valueBytes },
    attemptTimeoutMs: 300,
  };
}

/** A snapshot as often as on real processes. */
function snapshotBytes({ cluster, workload }: Scenario): number {
  const { snapshotEveryBytes } = cluster;
  if (snapshotEveryBytes === undefined) return NO_SNAPSHOTS;
  const { share } = simulatedRate(workload);
  return Math.max(SNAPSHOT_BYTES_MIN, Math.round(snapshotEveryBytes * Math.min(1, share)));
}

function scaled(aim: Aim, { workload }: Scenario): Aim {
  if (aim.kind !== "okDuring" && aim.kind !== "completed" && aim.kind !== "readsByLease")
    return aim;
  const { share } = simulatedRate(workload);
  return { ...aim, atLeast: Math.max(1, Math.floor(aim.atLeast * Math.min(1, share))) };
}

function notesOf({ cluster, workload }: Scenario): readonly string[] {
  const { rate } = simulatedRate(workload);
  const real =
    workload.rate === null ? `a closed loop of ${workload.clients}` : `${workload.rate}/s`;
  return [
    `${rate} operations/s for ${real}`,
    ...(cluster.snapshotEveryBytes === undefined
      ? []
      : [`a snapshot every ${snapshotBytes({ cluster, workload } as Scenario)} bytes of entries`]),
    ...(cluster.storage === "memory" ? ["a disk without latency for memory"] : []),
    ...(cluster.fsync === undefined || cluster.fsync === "batch"
      ? []
      : [`fsync ${cluster.fsync} is not simulated: every write is synced`]),
    ...(workload.reads === "local" ? ["local reads are linearizable ones"] : []),
  ];
}
