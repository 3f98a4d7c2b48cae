import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Problem, UserError } from "../../lib/user-error.ts";
import { freePorts } from "../../runtime/free-ports.ts";
import type { ClusterOptions } from "../target.ts";
import type { ExternalNode } from "./cluster.ts";

const PORT_ATTEMPTS = 5;

/** Nodes of a fresh cluster in `dir`, on ports on which nobody listens. */
export function newNodes({ nodes, dir }: ClusterOptions): ExternalNode[] {
  const ports = freePorts(2 * nodes);
  return Array.from({ length: nodes }, (_, i) => ({
    id: i + 1,
    clientPort: ports[2 * i]!,
    peerPort: ports[2 * i + 1]!,
    dir: join(dir, `node-${i + 1}`),
  }));
}

/** Throws UserError for what no external system can do with its processes. */
export function refuseOptions(name: string, options: ClusterOptions): void {
  const problems: Problem[] = [];
  const refuse = (where: string, what: string, fix: string): void =>
    void problems.push({ where, what, fix });
  const { dir, spares, record, faultyDisks, faultyClocks, leaseReads, timers } = options;
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    refuse(dir, "the directory is not empty", "give one that is empty or does not exist");
  }
  if ((spares ?? 0) > 0) refuse("spares", `${name} gets no spare nodes`, "leave them out");
  if (record === true) refuse("record", `only Ordeal's own nodes record`, "leave it out");
  if (faultyClocks === true) refuse("clocks", `${name} has no clocks of ours`, "leave them out");
  if (leaseReads === true)
    refuse("lease reads", `${name} is read in its own way`, "leave them out");
  if (timers !== undefined && name !== "etcd")
    refuse("timers", `${name} has no timers of elections`, "leave them out");
  if (faultyDisks === true)
    refuse("disks", `${name} has no faulty disks`, "leave those faults out");
  if (problems.length > 0) throw new UserError(`${name} cannot be started like this`, problems);
}

/**
 * Another process may take a free port before its node does: then other ports are tried. `attempt`
 * is called until it does not fail for that reason.
 */
export async function withFreePorts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      const taken = error instanceof Error && /address already in use/i.test(error.message);
      if (!taken || n === PORT_ATTEMPTS) throw error;
    }
  }
}
