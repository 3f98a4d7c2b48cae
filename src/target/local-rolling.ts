import type { NodeStatusReport } from "../runtime/node-status.ts";
import { versionsApart } from "../wire/versions.ts";
import { askReport } from "./local-admin.ts";
import type { LocalSupervisor } from "./local-supervisor.ts";

const ASK_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 25;
/** The cluster must be whole before anything is restarted. */
const WHOLE_WITHIN_MS = 10_000;
/** A node that comes back may have to be sent a large state. */
const BACK_WITHIN_MS = 120_000;

/** A rolling restart that stopped on its way. */
export class RollingRestartError extends Error {
  override readonly name = "RollingRestartError";
}

/**
 * Restarts these nodes, one after the other and whoever leads last: each is told to end (SIGTERM: it hands over
 * what it leads and answers what it took), is started again, and must have caught up, and the cluster be whole,
 * before the next one. Throws RollingRestartError, which says how to go on, when that does not come about;
 * the nodes after it are left alone.
 */
export async function restartRolling(
  supervisor: LocalSupervisor,
  ids: readonly number[],
  withinMs: number = BACK_WITHIN_MS,
): Promise<void> {
  const { dataDir, storage } = supervisor.config;
  if (storage === "memory") {
    const why = "the nodes keep their data in memory, and would forget what they promised";
    throw new RollingRestartError(`nothing was restarted: ${why}`);
  }
  const unwell = await whyNotWhole(supervisor, Math.min(withinMs, WHOLE_WITHIN_MS));
  if (unwell !== null) {
    const fix = `mend that first: ordeal cluster status --dir ${dataDir}`;
    throw new RollingRestartError(`nothing was restarted: ${unwell}\n  ${fix}`);
  }
  const leaders = new Set((await reports(supervisor)).filter(leadsGroup1).map(({ id }) => id));
  const order = [...ids].sort((a, b) => Number(leaders.has(a)) - Number(leaders.has(b)));
  for (const [i, id] of order.entries()) {
    const problem = await restartOne(supervisor, id, withinMs);
    if (problem === null) continue;
    const done = i === 0 ? "none" : order.slice(0, i).join(", ");
    const left = order.slice(i);
    throw new RollingRestartError(
      `the rolling restart stopped at node ${id}: ${problem}
  restarted before it: ${done}; left alone: ${left.slice(1).join(", ") || "none"}
  look at ${dataDir}/node-${id}/node.log; once the cluster is whole again, go on:
  ordeal cluster restart --rolling --dir ${dataDir} --nodes ${left.join(",")}`,
    );
  }
}

async function restartOne(
  supervisor: LocalSupervisor,
  id: number,
  withinMs: number,
): Promise<string | null> {
  const { nodes } = supervisor;
  await nodes.end([id]);
  try {
    await nodes.restart([id]);
  } catch (error) {
    return (error as Error).message;
  }
  if (nodes.hasRefused(id)) return "it refuses its data";
  return whyNotWhole(supervisor, withinMs);
}

/**
 * Waits until every node runs, is connected to all others, knows who leads each of its groups, and has applied
 * all that any of them had committed when the wait began. Null: it is so; else what lacks in the end.
 */
async function whyNotWhole(supervisor: LocalSupervisor, withinMs: number): Promise<string | null> {
  const deadline = performance.now() + withinMs;
  const floor = committed(await reports(supervisor));
  for (;;) {
    const all = await reports(supervisor);
    // No waiting helps, and the next node of that build would cost the majority.
    const apart = versionsApart(all);
    if (apart !== null) return apart;
    const lacks = lacking(supervisor.nodeIds, all, floor);
    if (lacks === null) return null;
    if (performance.now() > deadline) return `${lacks}, not within ${withinMs / 1000} s`;
    await Bun.sleep(LOOK_EVERY_MS);
  }
}

function lacking(
  ids: readonly number[],
  all: readonly NodeStatusReport[],
  floor: ReadonlyMap<number, number>,
): string | null {
  const silent = ids.find((id) => !all.some((one) => one.id === id));
  if (silent !== undefined) return `node ${silent} does not answer`;
  for (const said of all) {
    const { id } = said;
    const away = said.peers.find((peer) => ids.includes(peer.id) && !peer.isConnected);
    if (away !== undefined) return `node ${id} does not reach node ${away.id}`;
    for (const { group, leaderId, appliedIndex } of groupsOf(said)) {
      const least = floor.get(group) ?? 0;
      const named = said.groups === undefined ? "" : ` of group ${group}`;
      if (leaderId === 0) return `node ${id} knows no leader${named}`;
      if (appliedIndex < least) return `node ${id} has entry ${appliedIndex}${named}, not ${least}`;
    }
  }
  return null;
}

/** Up to where each group is known to be committed. */
function committed(all: readonly NodeStatusReport[]): ReadonlyMap<number, number> {
  const floor = new Map<number, number>();
  for (const { group, commitIndex } of all.flatMap(groupsOf)) {
    floor.set(group, Math.max(floor.get(group) ?? 0, commitIndex));
  }
  return floor;
}

const groupsOf = (said: NodeStatusReport) => said.groups ?? [{ ...said, group: 1 }];
const leadsGroup1 = ({ role }: NodeStatusReport): boolean => role === "leader";

async function reports({ config }: LocalSupervisor): Promise<readonly NodeStatusReport[]> {
  const asked = config.nodes.map((node) => askReport(node, ASK_WITHIN_MS));
  return (await Promise.all(asked)).filter((said) => said !== null);
}
