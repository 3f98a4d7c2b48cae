import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { LoadCase } from "../../bench/dsl.ts";
import type { ArmName } from "../../bench/gate/plan.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Cluster } from "../../target/target.ts";
import { startGenerator } from "../generator.ts";
import type { Arm } from "./arms.ts";

const LOAD_MS = 300;
/** Nodes that answer at all do so within this, however slow the machine. */
const ANSWER_MS = 15_000;

/**
 * Starts the nodes of an arm once and asks them for something, so that a revision that cannot be
 * measured is named at once and for what it is. Throws UserError.
 */
export async function preflight(
  name: ArmName,
  { label, target }: Arm,
  { cluster: shape, load }: LoadCase,
  dir: string,
): Promise<void> {
  const problem = (what: string, fix: string): UserError =>
    new UserError(`the gate cannot run ${label}`, [{ where: `--${name}`, what, fix }]);
  let cluster: Cluster | null = null;
  try {
    cluster = await target
      .start({ ...shape, dir: join(dir, name), faultyLinks: false, seed: 1 })
      .catch((error: Error) => {
        throw problem(`its nodes do not start: ${error.message}`, "see that it runs by itself");
      });
    const generator = await startGenerator(
      {
        ...load,
        ...{ clients: 1, connections: 1, rate: null, seed: 1, history: null },
        ...{ address: cluster.address, warmupMs: 0, durationMs: LOAD_MS, timeoutMs: ANSWER_MS },
      },
      () => {},
    );
    try {
      const { counts } = await generator.done;
      if (counts.ok > 0) return;
      throw problem(
        "its nodes answer no request of this program's client",
        "they may speak another protocol: run the gate of a revision whose client both arms answer",
      );
    } finally {
      await generator.kill();
    }
  } finally {
    await cluster?.stop();
    await rm(join(dir, name), { recursive: true, force: true });
  }
}
