import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { minoritySize } from "../fault/resolve.ts";
import type { ClockFault, DiskFault } from "../fault/vocabulary.ts";
import { askAdmin } from "./local-admin.ts";
import type { LocalSupervisor } from "./local-supervisor.ts";

/** What people read after the end of a node: all else is lost with its disk. */
const KEPT_FILES: ReadonlySet<string> = new Set(["node.log", "recording.bin"]);
/** A leader that is asked gives it up after an election timeout; a snapshot takes as long as a disk. */
const ORDER_WITHIN_MS = 30_000;

/** Brings a fault about on the disks of those that run. */
export function breakDisks(
  supervisor: LocalSupervisor,
  ids: readonly number[],
  fault: Extract<DiskFault, { kind: "diskStall" | "diskError" | "diskFull" }>,
): Promise<void> {
  return supervisor.nodes.atNodes(ids, async (id, node) => {
    const { nodes: _, ...order } = fault;
    if (node?.running === true) await supervisor.nodes.disks.begin(id, node, order);
  });
}

/** Brings a fault about on the clocks of those that run. */
export function skewClocks(
  supervisor: LocalSupervisor,
  ids: readonly number[],
  fault: ClockFault,
): Promise<void> {
  return supervisor.nodes.atNodes(ids, async (id, node) => {
    const { nodes: _, ...order } = fault;
    if (node?.running === true) await supervisor.nodes.clocks.begin(id, node, order);
  });
}

/** Lifts all that lasts of faults on disks and clocks; does nothing where there are none that can fail. */
export function healNodes(supervisor: LocalSupervisor): Promise<void> {
  return supervisor.nodes.atNodes(supervisor.nodeIds, async (id, node) => {
    if (supervisor.nodes.hasFaultyDisks) await supervisor.nodes.disks.heal(id, node);
    if (supervisor.nodes.hasFaultyClocks) await supervisor.nodes.clocks.heal(id, node);
  });
}

/** Changes the files of those that do not run. */
export function flipBits(
  supervisor: LocalSupervisor,
  ids: readonly number[],
  bits: number,
): Promise<void> {
  return supervisor.nodes.atNodes(ids, async (id) => {
    const dir = join(supervisor.config.dataDir, `node-${id}`);
    if (supervisor.nodes.pid(id) === 0) supervisor.nodes.disks.flipBits(id, dir, bits);
  });
}

/**
 * Those that do not run lose all that they hold, and never come back. Rejects, and changes nothing, when
 * they are more than a minority of the `voters`: what was committed would be gone.
 */
export async function wipe(
  supervisor: LocalSupervisor,
  ids: readonly number[],
  voters: number,
): Promise<void> {
  if (ids.length > minoritySize(voters)) {
    throw new Error(
      `nodes ${ids.join(", ")} are too many of ${voters} to lose: crash fewer of them before`,
    );
  }
  await supervisor.nodes.atNodes(ids, async (id) => {
    if (supervisor.nodes.pid(id) !== 0) return;
    const dir = join(supervisor.config.dataDir, `node-${id}`);
    for (const name of readdirSync(dir)) {
      if (!KEPT_FILES.has(name)) rmSync(join(dir, name), { recursive: true });
    }
    supervisor.nodes.giveUp(id);
  });
}

/** Asks the leader to hand over, once: whether it does is its business. */
export async function askTransfer(
  supervisor: LocalSupervisor,
  leader: number,
  to: number,
): Promise<void> {
  const address = supervisor.config.nodes.find((node) => node.id === leader);
  if (address === undefined) return;
  await askAdmin(address, "POST", "transfer", { to }, ORDER_WITHIN_MS);
}

/** Asks these to take a snapshot, once: one that is busy with another takes none. */
export async function askSnapshots(
  supervisor: LocalSupervisor,
  ids: readonly number[],
): Promise<void> {
  const nodes = supervisor.config.nodes.filter((node) => ids.includes(node.id));
  await Promise.all(nodes.map((node) => askAdmin(node, "POST", "snapshot", {}, ORDER_WITHIN_MS)));
}
