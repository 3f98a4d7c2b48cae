import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type FigureContext, PUT_LOAD } from "../../src/bench/dsl.ts";
import { readHistory } from "../../src/history/codec.ts";
import type { History } from "../../src/history/op.ts";
import type { ConfigChange } from "../../src/kv/config-changes.ts";
import type { ShardConfig } from "../../src/kv/shard-config.ts";
import { underWay } from "../../src/kv/shards-under-way.ts";
import { localTarget } from "../../src/target/local.ts";
import { ShardAdmin } from "../../src/target/shards/shard-admin.ts";
import type { Cluster } from "../../src/target/target.ts";
import type { LoadResult, LoadSpec } from "../../src/workload/spec.ts";
import { startLoad } from "../footprint/load.ts";
import type { Span } from "./away.ts";

export const VALUE_BYTES = 256;
const NODES = 3;
const JOINED = [2, 3];
const JOINING = [4, 5];
const PRELOAD_MS_MAX = 300_000;
const SETTLED_MS_MAX = 120_000;
const ASK_WITHIN_MS = 5_000;
const LOOK_MS = 10;

export type Scale = {
  readonly shards: number;
  readonly keys: number;
  readonly rate: number;
  /** Before, between and after the changes of the config. */
  readonly calmMs: number;
};

/** A change of the config, from the moment it was asked for until nothing of it was under way any more. */
export type Migration = Span & { readonly moved: readonly number[] };

export type MigrationRun = {
  readonly history: History;
  readonly load: LoadResult;
  readonly calm: Span;
  /** The other groups join, half of the shards move; the first ones leave, the other half moves. */
  readonly join: Migration;
  readonly leave: Migration;
};

/** Moves every key of a sharded cluster to another group, under an open loop of gets and puts. */
export async function runMigration(
  scale: Scale,
  { dir, seed, progress }: FigureContext,
): Promise<MigrationRun> {
  const { shards, keys, calmMs } = scale;
  const cluster = await localTarget.start({
    ...{ nodes: NODES, storage: "disk", dir: join(dir, "cluster"), faultyLinks: false, seed },
    sharded: { shards, groups: JOINED.length, replicas: NODES, idleGroups: JOINING.length },
  });
  const admin = new ShardAdmin(cluster.address, ASK_WITHIN_MS);
  try {
    progress(`${keys.toLocaleString("en-US")} keys are put`);
    await preload(cluster, scale, seed);
    const path = join(dir, "history.bin");
    const generator = startLoad(loadSpec(cluster, scale, seed, path));
    try {
      await generator.ready;
      await Bun.sleep(calmMs); // Every client opens a session with each shard.
      const fromUs = nowUs();
      await Bun.sleep(calmMs);
      const calm = { fromUs, toUs: nowUs() };
      progress(`groups ${JOINING.join(" and ")} join`);
      const groups = JOINING.map((id) => ({ id, nodes: cluster.nodeIds }));
      const join = await migrate(admin, { kind: "join", groups });
      await Bun.sleep(calmMs);
      progress(`groups ${JOINED.join(" and ")} leave`);
      const leave = await migrate(admin, { kind: "leave", groups: JOINED });
      await Bun.sleep(calmMs);
      progress("every key is read");
      generator.tell({ kind: "stop", finalReads: true });
      const load = await generator.done;
      return { history: readHistory(readFileSync(path)), load, calm, join, leave };
    } finally {
      await generator.kill();
    }
  } finally {
    admin.close();
    await cluster.stop();
  }
}

async function migrate(admin: ShardAdmin, change: ConfigChange): Promise<Migration> {
  const before = await admin.query();
  if (before === null) throw new Error("the shard controller does not answer");
  const fromUs = nowUs();
  const changed = await admin.change(change, before.num);
  if (changed.kind !== "done") throw new Error(`a ${change.kind} is ${changed.kind}`);
  await settled(admin, changed.config);
  const toUs = nowUs();
  const moved = before.shards.flatMap((group, shard) =>
    changed.config.shards[shard] === group ? [] : [shard],
  );
  return { fromUs, toUs, moved };
}

async function settled(admin: ShardAdmin, { num }: ShardConfig): Promise<void> {
  const deadline = performance.now() + SETTLED_MS_MAX;
  for (;;) {
    const now = await admin.status();
    const left = now === null ? ["the controller"] : underWay(now.config, now.groups);
    if (left.length === 0 && now!.config.num >= num) return;
    if (performance.now() > deadline) throw new Error(`still under way: ${left.join("; ")}`);
    await Bun.sleep(LOOK_MS);
  }
}

async function preload(
  { address }: Cluster,
  { keys }: Pick<Scale, "keys">,
  seed: number,
): Promise<void> {
  const generator = startLoad({
    ...PUT_LOAD,
    ...{ address, seed: seed + 1, keys, valueBytes: VALUE_BYTES, history: null },
    ...{ keyDistribution: "sequential", operations: keys, clients: 256, connections: 16 },
    ...{ timeoutMs: PRELOAD_MS_MAX, warmupMs: 0, durationMs: PRELOAD_MS_MAX },
  });
  try {
    const { counts } = await generator.done;
    if (counts.ok !== keys) throw new Error(`only ${counts.ok} of ${keys} keys could be put`);
  } finally {
    await generator.kill();
  }
}

const loadSpec = (
  { address }: Cluster,
  { keys, rate }: Scale,
  seed: number,
  history: string,
): LoadSpec => ({
  ...PUT_LOAD,
  ...{ address, seed, keys, valueBytes: VALUE_BYTES, history, warmupMs: 0, durationMs: null },
  // Spinning would take a core from the nodes.
  ...{ clients: 256, connections: 16, rate, arrivals: "poisson", pacing: "event" },
  mix: { ...PUT_LOAD.mix, get: 0.5, put: 0.5 },
});

const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;
