import type { Fault } from "../fault/vocabulary.ts";
import { underWay } from "../kv/shards-under-way.ts";
import type { Cluster, ClusterEvent, NodeStatus, ShardsStatus, Target } from "../target/target.ts";
import type { LoadResult, LoadSpec, LoadViolation } from "../workload/spec.ts";
import type { Observed } from "./condition.ts";
import { describeFault } from "./describe.ts";
import { FaultLog } from "./fault-log.ts";
import { LeaseReads } from "./lease-reads.ts";
import { leftOver } from "./left-over.ts";
import { MemoryLog } from "./memory.ts";
import { playSequence } from "./play-sequence.ts";
import type { Phase, Progress, Recording, RunningLoad, RunOptions, SeenViolation } from "./run.ts";
import { faultsOf, isClockFault, isDiskFault, type Scenario } from "./scenario.ts";
import { ShardLog } from "./shard-log.ts";
import { firstFaultMs, type Schedule } from "./schedule.ts";
import { throughputBetween, type Tick, worstP99 } from "./timeline.ts";
import { messageOf, nowUs, rejectOnAbort, sleepUntil, within } from "./timing.ts";

/** How often nodes are asked for their state, and how long they may take to answer. */
const SAMPLE_MS = 200;
const STATUS_WITHIN_MS = 150;
const SHARDS_MS = 50;
const LAST_STATUS_WITHIN_MS = 5_000;
/** The load goes on for so long after the first operation that succeeds once all is lifted. */
const AFTERMATH_MS = 500;
/** Lifting all faults starts processes; one that takes longer than this will not come. */
const RECOVER_CALL_MS = 60_000;

/** Why the load ended early, as the reason of `Stage.running`. */
const VIOLATED = new Error("a violation was seen");

/** What a run is while it runs: everything that its parts share. */
type Stage = {
  readonly scenario: Scenario;
  readonly schedule: Schedule;
  readonly options: RunOptions;
  /** Aborts when the run is, and when the load generator dies. */
  readonly signal: AbortSignal;
  /** Aborts when a violation ends the load before its time, and when `signal` does. */
  readonly running: AbortSignal;
  readonly cluster: Cluster;
  readonly faults: FaultLog;
  readonly ticks: Tick[];
  readonly errors: string[];
  readonly neverTrue: string[];
  readonly memory: MemoryLog;
  readonly reads: LeaseReads;
  readonly shardLog: ShardLog;
  /** As it was seen last; null: nothing is sharded, or nothing was seen yet. */
  shards: ShardsStatus | null;
  /** Of the load. */
  pids: readonly number[];
  phase: Phase;
  nodes: readonly NodeStatus[];
  startedUs: number;
  violation: SeenViolation | null;
};

/**
 * The part of a run that takes place in real time: starts the cluster in `dir`, loads it, breaks it
 * by the schedule, lifts everything, waits for recovery, reads every key. Whatever happens, no
 * process is left. Throws the signal's reason when it aborts.
 */
export async function play(
  target: Target,
  scenario: Scenario,
  schedule: Schedule,
  options: RunOptions,
  paths: { readonly cluster: string; readonly history: string },
): Promise<Recording> {
  options.signal.throwIfAborted();
  const cluster = await target.start({
    ...scenario.cluster,
    dir: paths.cluster,
    faultyLinks: true,
    faultyDisks: scenario.faults.flatMap(faultsOf).some(({ kind }) => isDiskFault(kind)),
    faultyClocks: scenario.faults.flatMap(faultsOf).some(({ kind }) => isClockFault(kind)),
    seed: options.seed,
    // Whoever wants recordings of failures only gets them where there can be any.
    record: options.record === true || (options.record === "failures" && canRecord(target)),
  });
  const broken = new AbortController();
  const halt = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const stage: Stage = {
    ...{ scenario, schedule, options, cluster, faults: new FaultLog(), ticks: [], errors: [] },
    ...{ neverTrue: [], memory: new MemoryLog(), reads: new LeaseReads(), pids: [] },
    ...{ shardLog: new ShardLog(), shards: null },
    ...{ signal, running: AbortSignal.any([signal, halt.signal]), violation: null },
    ...{ phase: "running", nodes: [], startedUs: nowUs() },
  };
  const watching = new AbortController();
  const watcher = Promise.all([watch(stage, watching.signal), watchShards(stage, watching.signal)]);
  let recording: Recording;
  try {
    recording = await playOn(stage, paths.history, broken, halt);
  } finally {
    watching.abort();
    await watcher;
    await cluster.stop();
  }
  return { ...recording, leftOver: leftOver([...(cluster.pids ?? []), ...stage.pids]) };
}

const canRecord = ({ can }: Target): boolean => can.recording === true;

async function playOn(
  stage: Stage,
  history: string,
  broken: AbortController,
  halt: AbortController,
): Promise<Recording> {
  const { scenario, schedule, options, signal, cluster, ticks } = stage;
  signal.throwIfAborted();
  const configsBefore = await configCount(stage);
  const onTick = (tick: Tick): void => void ticks.push(tick);
  const load = await options.startLoad(specOf(stage, history), onTick, (violation) =>
    note(stage, violation, halt),
  );
  stage.pids = load.pids ?? [];
  load.done.catch((error: unknown) => broken.abort(error));
  stage.startedUs = nowUs();
  try {
    await runLoad(stage);
    stage.phase = "recovering";
    const recoveredUs = await recover(stage);
    stage.phase = "reading";
    const result = await finish(load, signal);
    const events = await cluster.events();
    return {
      ...{ scenario, schedule, recoveredUs, ticks, errors: stage.errors },
      ...(await shardsOf(stage, events, configsBefore)),
      ...{ neverTrue: stage.neverTrue, memory: stage.memory.samples() },
      nodes: await cluster.status(LAST_STATUS_WITHIN_MS),
      readsByLease: stage.reads.total,
      frames: (await cluster.frames?.()) ?? null,
      loadStartedUs: stage.startedUs,
      bands: stage.faults.bands(),
      events: events.filter(({ group }) => group === undefined),
      starts: cluster.starts(),
      failures: cluster.failures(),
      load: result,
      violation: stage.violation ?? undefined,
    };
  } finally {
    await load.kill();
  }
}

/** How many configs there were: those that come later are of the run. */
async function configCount({ scenario, cluster }: Stage): Promise<number> {
  if (scenario.cluster.sharded === undefined) return 0;
  return ((await cluster.shardConfigs?.()) ?? []).length;
}

/** What there is to tell of a sharded cluster; nothing of any other. */
async function shardsOf(
  { scenario, cluster, shardLog }: Stage,
  events: readonly ClusterEvent[],
  configsBefore: number,
): Promise<Pick<Recording, "configs" | "unsettled" | "shards" | "groupEvents">> {
  if (scenario.cluster.sharded === undefined) return {};
  const now = (await cluster.shards?.()) ?? null;
  const configs = (await cluster.shardConfigs?.()) ?? [];
  return {
    configs: configs.slice(Math.max(0, configsBefore - 1)),
    unsettled: now === null ? ["the controller does not answer"] : underWay(now.config, now.groups),
    shards: shardLog.timeline(nowUs()),
    groupEvents: events.filter(({ group }) => group !== undefined),
  };
}

const specOf = ({ scenario, options, cluster }: Stage, history: string): LoadSpec => ({
  ...scenario.workload,
  address: cluster.address,
  seed: options.seed,
  durationMs: null,
  warmupMs: 0,
  history,
  finalReads: true,
  follow: true,
  // Spinning would take one of the cores that the nodes need.
  pacing: "event",
});

/** Keeps the first violation, and ends the load for it unless the run is to go on. */
function note(stage: Stage, seen: LoadViolation, halt: AbortController): void {
  if (stage.violation !== null) return;
  const { key, sentence, atUs, seenUs } = seen;
  const stopped = (stage.options.stopOnViolation ?? true) && stage.phase === "running";
  stage.violation = { key, sentence, atUs, seenUs, knownUs: nowUs(), stopped };
  if (stopped) halt.abort(VIOLATED);
}

/** The faults by the schedule, until the load has had its time or a violation has ended it. */
async function runLoad(stage: Stage): Promise<void> {
  try {
    await applySchedule(stage);
    await sleepUntil(stage.startedUs + stage.schedule.durationMs * 1000, stage.running);
  } catch (error) {
    if (error !== VIOLATED) throw error;
  }
}

async function applySchedule(stage: Stage): Promise<void> {
  const { schedule, cluster, startedUs, running: signal, ticks, neverTrue } = stage;
  // One fault at a time, whoever wants it.
  let last: Promise<void> = Promise.resolve();
  const inTurn = (fault: Fault): Promise<void> => (last = last.then(() => apply(stage, fault)));
  const timed = async (): Promise<void> => {
    for (const { atMs, fault } of schedule.actions) {
      await sleepUntil(startedUs + atMs * 1000, signal);
      await inTurn(fault);
    }
  };
  const observe = async (): Promise<Observed> => ({
    nodes: await cluster.status(STATUS_WITHIN_MS),
    acknowledged: ticks.reduce((sum, { counts }) => sum + counts.ok, 0),
    shards: stage.shards,
  });
  const around = { startedUs, signal, apply: inTurn, observe };
  const waiting = (schedule.sequences ?? []).map(async (own) => {
    const missed = await playSequence(own, around);
    if (missed !== null) neverTrue.push(missed);
  });
  await Promise.all([timed(), ...waiting]);
}

/** A fault that cannot be brought about is noted for the judge; the run goes on. */
async function apply({ cluster, faults, errors }: Stage, fault: Fault): Promise<void> {
  try {
    const { nodes, atUs } = await cluster.fault(fault);
    faults.record(fault, nodes, atUs, nowUs());
  } catch (error) {
    errors.push(`${describeFault(fault)}: ${messageOf(error)}`);
  }
}

/** Lifts everything and waits until the cluster serves again, or had its time to. */
async function recover(stage: Stage): Promise<number | null> {
  const { cluster, faults, ticks, errors, signal, scenario } = stage;
  try {
    await within(cluster.recover(), RECOVER_CALL_MS, "the cluster did not come back");
  } catch (error) {
    errors.push(`lifting all faults: ${messageOf(error)}`);
    faults.recovered(nowUs());
    return null;
  }
  const liftedUs = nowUs();
  faults.recovered(liftedUs);
  const served = (): boolean => {
    const last = ticks.at(-1);
    return (
      last !== undefined && last.counts.ok > 0 && last.atUs - last.intervalMs * 1000 >= liftedUs
    );
  };
  const deadlineUs = liftedUs + scenario.recoverWithinMs * 1000;
  while (!served() && nowUs() < deadlineUs) await sleepUntil(nowUs() + 20_000, signal);
  await sleepUntil(nowUs() + AFTERMATH_MS * 1000, signal);
  return liftedUs;
}

async function finish(load: RunningLoad, signal: AbortSignal): Promise<LoadResult> {
  signal.throwIfAborted();
  return Promise.race([load.stop(), rejectOnAbort(signal)]);
}

/** Samples the nodes until aborted, and tells how the run stands. */
async function watch(stage: Stage, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const nextUs = nowUs() + SAMPLE_MS * 1000;
    stage.nodes = await stage.cluster.status(STATUS_WITHIN_MS).catch(() => stage.nodes);
    if (signal.aborted) return;
    stage.memory.see(stage.nodes, nowUs());
    stage.reads.see(stage.nodes);
    stage.options.onProgress(progressOf(stage));
    await sleepUntil(nextUs, signal).catch(() => {});
  }
}

/** Beside `watch`, since a group without a leader does not answer for seconds. */
async function watchShards(stage: Stage, signal: AbortSignal): Promise<void> {
  if (stage.scenario.cluster.sharded === undefined) return;
  while (!signal.aborted) {
    const nextUs = nowUs() + SHARDS_MS * 1000;
    const seen = await stage.cluster.shards?.().catch(() => null);
    if (seen) {
      stage.shards = seen;
      stage.shardLog.see(seen, nowUs());
    }
    await sleepUntil(nextUs, signal).catch(() => {});
  }
}

function progressOf(stage: Stage): Progress {
  const { phase, options, nodes, faults, ticks, startedUs, violation } = stage;
  const recent = ticks.slice(-10);
  const lastUs = recent.at(-1)?.atUs ?? 0;
  const total = { ok: 0, fail: 0, info: 0 };
  for (const { counts } of ticks) {
    total.ok += counts.ok;
    total.fail += counts.fail;
    total.info += counts.info;
  }
  return {
    ...{ phase, nodes, total, durationMs: options.durationMs },
    elapsedMs: Math.max(0, (nowUs() - startedUs) / 1000),
    faults: faults.current(nowUs()),
    throughput: throughputBetween(recent, 0, lastUs),
    p99Us: worstP99(recent),
    ...(stage.shards !== null && { shards: stage.shards }),
    violation: violation === null ? undefined : `${violation.key}: ${violation.sentence}`,
    curve: ticks.slice(-400).map((tick) => (tick.counts.ok / tick.intervalMs) * 1000),
  };
}

/** Progress before there is a cluster. */
export const starting = (durationMs: number): Progress => ({
  ...{ phase: "starting", elapsedMs: 0, durationMs, nodes: [], faults: [] },
  ...{ throughput: 0, p99Us: null, total: { ok: 0, fail: 0, info: 0 }, curve: [] },
});

/** ok operations a second from shortly after the start until the first fault. */
export function steadyThroughput({ ticks, schedule, loadStartedUs }: Recording): number {
  const untilMs = firstFaultMs(schedule) ?? schedule.durationMs;
  const warmUpMs = Math.min(300, untilMs / 4);
  return throughputBetween(ticks, loadStartedUs + warmUpMs * 1000, loadStartedUs + untilMs * 1000);
}
