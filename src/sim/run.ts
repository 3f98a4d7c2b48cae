import { OUTCOME_INFO, OUTCOME_OK } from "../history/op.ts";
import type { RaftStatus } from "../raft/api.ts";
import type { SimObserver, SimResult, SimSchedule, Violation } from "./api.ts";
import type { PowerCuts } from "./boundary.ts";
import { checkClients } from "./check-clients.ts";
import { SimCluster } from "./cluster.ts";
import { resultOf } from "./result.ts";
import { runUntil } from "./run-until.ts";
import { violated, violationOf } from "./violation.ts";
import { EVENT } from "./world.ts";

/** LIVE: after healing a leader within so long, and all else within the rest. Virtual ms. */
const LEADER_WITHIN_MS = 5_000;
const SETTLED_WITHIN_MS = 10_000;
const AGAIN_AFTER_MS = 100;
const PATIENCE = { pollMs: 5, eventsMax: 5_000_000 };

/**
 * Runs a schedule to its end, or to the first violation. The same schedule gives the same result on
 * every machine. `observe` hears everything and changes nothing. Without `settles` the run ends with
 * the faults: for a shrinker, whose violation comes before. `cuts`: power goes where no schedule could
 * take it (crashpoints).
 */
export function runSchedule(
  schedule: SimSchedule,
  observe: SimObserver | null = null,
  settles = true,
  cuts: PowerCuts | null = null,
): SimResult {
  return runCluster(schedule, observe, settles, cuts).result;
}

/** A run with what it leaves behind. */
export type RecordedRun = {
  readonly result: SimResult;
  /** What the clients saw, as a history file; null: no cluster came about. */
  readonly history: Uint8Array | null;
  /** How the nodes that run stood at the end. */
  readonly nodes: readonly RaftStatus[];
};

/** As runSchedule, recorded. */
export function runRecorded(schedule: SimSchedule, observe: SimObserver): RecordedRun {
  const { result, cluster } = runCluster(schedule, observe, true, null);
  const nodes = cluster?.nodes.flatMap(({ status }) => status ?? []) ?? [];
  return { result, history: cluster?.clients.seen() ?? null, nodes };
}

function runCluster(
  schedule: SimSchedule,
  observe: SimObserver | null,
  settles: boolean,
  cuts: PowerCuts | null,
): { readonly result: SimResult; readonly cluster: SimCluster | null } {
  let cluster = null as SimCluster | null;
  const end = (verdict: SimResult["verdict"], violation: Violation | null) => {
    const own = cluster && {
      elections: cluster.monitor.elections,
      commits: cluster.monitor.committedIndex,
      membershipChanges: cluster.membershipChanges,
    };
    return { result: resultOf(cluster, own ?? {}, verdict, violation), cluster };
  };
  try {
    cluster = new SimCluster(schedule, observe, cuts);
    return end(play(cluster, schedule, settles), null);
  } catch (error) {
    return end("fail", violationOf(error, cluster?.world ?? null));
  }
}

function play(cluster: SimCluster, schedule: SimSchedule, settles: boolean): "pass" | "unknown" {
  scheduleNext(cluster, schedule.actions, EVENT.action, (action) => cluster.act(action));
  scheduleNext(cluster, schedule.operations, EVENT.operation, (op) => {
    cluster.clients.start(op);
  });
  runUntil(
    cluster.world,
    PATIENCE,
    () => cluster.world.now >= schedule.durationMs,
    schedule.durationMs,
  );
  if (!settles) return "unknown";
  cluster.heal();
  settle(cluster, schedule);
  return checkClients(cluster.clients);
}

/** One event for each, the next one asked for when the one before runs: the queue stays short. */
function scheduleNext<T extends { readonly atMs: number }>(
  { world }: SimCluster,
  items: readonly T[],
  kind: number,
  run: (item: T) => void,
): void {
  let next = 0;
  const ask = (): void => {
    const item = items[next++];
    if (item === undefined) return;
    world.at(item.atMs, kind, 0, () => {
      run(item);
      ask();
    });
  };
  ask();
}

/** The liveness phase: a leader, nothing pending, every key read, equal states (LIVE, CONV). */
function settle(cluster: SimCluster, schedule: SimSchedule): void {
  const { world, clients } = cluster;
  const healedMs = world.now;
  const live = (what: string, withinMs: number, isDone: () => boolean): void => {
    if (runUntil(cluster.world, PATIENCE, isDone, healedMs + withinMs)) return;
    const states = cluster.nodes.map(({ id, status: s }) =>
      s === null
        ? `node ${id} is down`
        : `node ${id}: ${s.role} of term ${s.term}, last ${s.lastIndex}, committed ${s.commitIndex}`,
    );
    violated("LIVE", `${what} within ${withinMs} ms after everything healed`, states);
  };
  const hasLeader = (): boolean => cluster.leader !== 0;
  live("no leader", LEADER_WITHIN_MS, hasLeader);
  const pendingMs = LEADER_WITHIN_MS + schedule.config.timeoutMs;
  live("operations still pending", pendingMs, () => clients.busy === 0);
  finish(cluster, schedule, (isDone) =>
    live("the final operations did not end", pendingMs + SETTLED_WITHIN_MS, isDone),
  );
  const finalMs = pendingMs + SETTLED_WITHIN_MS;
  live("replicas still owe answers", finalMs + SETTLED_WITHIN_MS, () =>
    cluster.nodes.every((node) => node.unanswered === 0),
  );
  // Last: a change of membership that is still owed may add a node that has everything to catch up.
  live("nodes still differ in what they applied", finalMs + SETTLED_WITHIN_MS, () =>
    isConverged(cluster),
  );
  checkEqual(cluster);
}

/**
 * Reads every key, one after the other. First a write: a leader that serves reads may still refuse
 * those. What is refused is asked again: a node that hands over its leadership refuses for a while,
 * longer than a clerk is patient. What is not answered at all is a violation.
 */
function finish(
  { world, clients }: SimCluster,
  schedule: SimSchedule,
  wait: (isDone: () => boolean) => void,
): void {
  const keys = [...new Set(schedule.operations.map((operation) => operation.key))];
  const gets = keys.map((key) => ({ client: 0, op: "get", key }) as const);
  const finals = [
    ...keys.slice(0, 1).map((key) => ({ client: 0, op: "put", key }) as const),
    ...gets,
  ];
  let done = 0;
  const next = (): void => {
    const operation = finals[done];
    if (operation !== undefined) clients.start(operation);
  };
  clients.onDone = (_client, outcome) => {
    if (outcome === OUTCOME_INFO) violated("LIVE", "a final operation was never answered");
    if (outcome === OUTCOME_OK) done++;
    const waitMs = outcome === OUTCOME_OK ? 0 : AGAIN_AFTER_MS;
    world.at(world.now + waitMs, EVENT.phase, 0, next);
  };
  next();
  wait(() => done === finals.length);
}

/** The nodes of the leader's membership that have not lost their data: they must end up equal. */
function memberNodes(cluster: SimCluster): SimCluster["nodes"] {
  const membership = cluster.nodes[cluster.leader - 1]?.status?.membership;
  if (membership === undefined) return [];
  const { voters, learners } = membership;
  const members = [...voters, ...learners];
  return cluster.nodes.filter(
    ({ id, disk }) => !disk.wiped && members.some((member) => member === id),
  );
}

/** A change of membership that is under way still. */
const isJoint = ({ membership }: RaftStatus): boolean => membership.votersOutgoing.length > 0;

/** All members have applied all, and no change of membership is stuck. */
function isConverged(cluster: SimCluster): boolean {
  const nodes = memberNodes(cluster);
  const last = cluster.monitor.committedIndex;
  return (
    nodes.length > 0 &&
    nodes.every(({ status }) => status?.appliedIndex === last && !isJoint(status))
  );
}

function checkEqual(cluster: SimCluster): void {
  const nodes = memberNodes(cluster);
  const digests = new Set(nodes.map((node) => node.digest()));
  if (digests.size > 1) {
    const lines = nodes.map((node) => `node ${node.id}: ${node.digest()}`);
    violated("CONV", "nodes that applied the same log have different states", lines);
  }
}
