import { PUT_LOAD } from "../../src/bench/dsl.ts";
import type { Cluster } from "../../src/target/target.ts";
import { startLoad } from "./load.ts";

export type PutsPlan = {
  readonly warmupMs: number;
  readonly measureMs: number;
  readonly clients: number;
  /** To each node, shared by all clients. */
  readonly connections: number;
};

/** Acknowledged puts a second of a closed loop; rejects when one failed. An arm of `abba`. */
export async function putsOf(
  { address }: Cluster,
  { warmupMs, measureMs, clients, connections }: PutsPlan,
  seed: number,
): Promise<readonly number[]> {
  const load = startLoad({
    ...PUT_LOAD,
    ...{ address, seed, clients, connections, history: null },
    ...{ warmupMs, durationMs: warmupMs + measureMs },
  });
  try {
    const { throughput, counts } = await load.done;
    if (counts.ok === 0 || counts.fail + counts.info > 0) {
      throw new Error(`${counts.ok} puts, ${counts.fail} failed, ${counts.info} unknown`);
    }
    return [throughput];
  } finally {
    await load.kill();
  }
}
