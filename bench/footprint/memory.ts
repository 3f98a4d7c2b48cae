import { type Figure, figure, type FigureContext, PUT_LOAD } from "../../src/bench/dsl.ts";
import { localTarget } from "../../src/target/local.ts";
import type { Cluster } from "../../src/target/target.ts";
import { startLoad } from "./load.ts";

const KEYS = 1_000_000;
const KEYS_QUICK = 20_000;
const VALUE_BYTES = 256;
const GOAL_MIB = 600;
const LOADED_WITHIN_MS = 300_000;
/** After the load: until snapshots that are under way are through, and garbage is collected. */
const SETTLE_MS = 5_000;

/** Resident memory of nodes that hold a million keys: just loaded, and once nothing is asked any more. */
export async function memoryFigures(context: FigureContext): Promise<readonly Figure[]> {
  const { dir, seed, quick, progress } = context;
  const keys = quick ? KEYS_QUICK : KEYS;
  progress(`putting ${keys.toLocaleString("en-US")} keys`);
  const cluster = await localTarget.start({
    ...{ nodes: 3, storage: "disk", dir: `${dir}/memory`, faultyLinks: false, seed },
  });
  try {
    await putAll(cluster, keys, seed);
    const loaded = await rssMiB(cluster);
    await Bun.sleep(quick ? 0 : SETTLE_MS);
    const settled = await rssMiB(cluster);
    const about = `${keys.toLocaleString("en-US")} keys of ${VALUE_BYTES} B`;
    const note = "the largest of three nodes";
    return [
      figure(`RSS just after ${about} were put`, loaded, "MiB", {
        goal: { atMost: GOAL_MIB },
        note,
      }),
      figure("RSS five seconds later", settled, "MiB", { goal: { atMost: GOAL_MIB }, note }),
    ];
  } finally {
    await cluster.stop();
  }
}

/** Puts each key once, and waits until all nodes have applied that. */
async function putAll(cluster: Cluster, keys: number, seed: number): Promise<void> {
  const load = startLoad({
    ...PUT_LOAD,
    ...{ clients: 256, connections: 16, keys, keyDistribution: "sequential" },
    ...{ valueBytes: VALUE_BYTES, address: cluster.address, seed, history: null },
    ...{ warmupMs: 0, durationMs: null },
  });
  try {
    const deadline = performance.now() + LOADED_WITHIN_MS;
    for (;;) {
      const nodes = await cluster.status(5_000);
      if (nodes.every(({ appliedIndex }) => appliedIndex >= keys)) return;
      if (performance.now() > deadline) throw new Error(`${keys} keys were not put in time`);
      await Bun.sleep(50);
    }
  } finally {
    await load.kill();
  }
}

async function rssMiB(cluster: Cluster): Promise<number> {
  const nodes = await cluster.status(5_000);
  return Math.max(...nodes.map(({ rssBytes = 0 }) => rssBytes)) / 2 ** 20;
}
