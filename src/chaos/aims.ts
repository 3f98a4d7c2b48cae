import { NO_GROUP, type ShardConfig } from "../kv/shard-config.ts";
import { count } from "../report/format.ts";
import type { FaultBand } from "../report/schema.ts";
import type { ClusterEvent, NodeStart } from "../target/target.ts";
import type { Aim } from "./scenario.ts";
import type { Tick } from "./timeline.ts";

/** What a run brought about, as far as an aim may ask. */
export type Happened = {
  readonly bands: readonly FaultBand[];
  readonly events: readonly ClusterEvent[];
  /** Of groups of shards. */
  readonly groupEvents?: readonly ClusterEvent[];
  readonly starts: readonly NodeStart[];
  readonly ticks: readonly Tick[];
  /** Absent: nodes do not tell. */
  readonly readsByLease?: number;
  /** Of a sharded cluster: the config when the load began, and each that came after it. */
  readonly configs?: readonly ShardConfig[];
};

export type AimResult = { readonly reached: boolean; readonly detail: string };

/** Whether the aim was reached, with the figure: `leader deposed 3 times (at least 2)`. */
export function evaluateAim(aim: Aim, happened: Happened): AimResult {
  switch (aim.kind) {
    case "leaderDeposed": {
      const firstUs = happened.bands[0]?.fromUs ?? Number.POSITIVE_INFINITY;
      const changes = [...happened.events, ...(happened.groupEvents ?? [])].filter(
        (event) => event.kind === "becameLeader" && event.atUs > firstUs,
      );
      return result(changes.length, aim.atLeast, (n) => `leader deposed ${n}×`);
    }
    case "faultHit": {
      const hits = happened.bands.filter((band) => band.kind === aim.fault);
      return result(hits.length, aim.atLeast, (n) => `${aim.fault} hit ${n}×`);
    }
    case "okDuring": {
      const ok = during(aim.fault, happened).reduce((sum, tick) => sum + tick.counts.ok, 0);
      return result(ok, aim.atLeast, (n) => `${count(n)} ok under ${aim.fault}`);
    }
    case "completed": {
      const ok = happened.ticks.reduce((sum, tick) => sum + tick.counts.ok, 0);
      return result(ok, aim.atLeast, (n) => `${count(n)} ok`);
    }
    case "tornTail": {
      const torn = happened.events.filter((event) => (event.tornBytes ?? 0) > 0);
      return result(torn.length, aim.atLeast, (n) => `${n}× a torn record was cut`);
    }
    case "snapshotInstalled": {
      const installed = happened.events.filter(({ kind }) => kind === "snapshotInstalled");
      return result(installed.length, aim.atLeast, (n) => `${n}× a snapshot was installed`);
    }
    case "readsByLease": {
      const { readsByLease = 0 } = happened;
      return result(readsByLease, aim.atLeast, (n) => `${count(n)} reads by lease`);
    }
    case "configChanged": {
      const changes = Math.max(0, (happened.configs ?? []).length - 1);
      return result(changes, aim.atLeast, (n) => `config changed ${n}×`);
    }
    case "shardsMoved": {
      const moved = shardsMoved(happened.configs ?? []);
      return result(moved, aim.atLeast, (n) => `${count(n)} shards changed their group`);
    }
    case "refused": {
      const refused = happened.starts.filter(({ outcome }) => outcome === "refused");
      return result(refused.length, aim.atLeast, (n) => `damaged data refused ${n}×`);
    }
    case "slowedTo": {
      const ticks = during(aim.fault, happened);
      const answered = ticks.reduce((sum, { response }) => sum + response.count, 0);
      const total = ticks.reduce((sum, { response }) => sum + response.mean * response.count, 0);
      const meanMs = answered === 0 ? 0 : total / answered / 1000;
      return result(
        meanMs,
        aim.atLeastMs,
        (n) => `mean response ${n.toFixed(1)} ms under ${aim.fault}`,
      );
    }
  }
}

/** By all these configs together, those aside that had no group before or have none after. */
export const shardsMoved = (configs: readonly ShardConfig[]): number =>
  configs.reduce((sum, { shards }, i) => {
    const before = configs[i - 1]?.shards ?? shards;
    const moves = shards.filter((group, shard) => {
      const from = before[shard]!;
      return group !== from && group !== NO_GROUP && from !== NO_GROUP;
    });
    return sum + moves.length;
  }, 0);

const result = (n: number, atLeast: number, say: (n: number) => string): AimResult =>
  n >= atLeast
    ? { reached: true, detail: say(n) }
    : { reached: false, detail: `${say(n)}, but the scenario is void below ${atLeast}` };

/** The ticks whose middle lies in a band of this kind. */
function during(kind: string, { bands, ticks }: Happened): Tick[] {
  const own = bands.filter((band) => band.kind === kind);
  return ticks.filter(({ atUs, intervalMs }) => {
    const middleUs = atUs - intervalMs * 500;
    return own.some((band) => band.fromUs <= middleUs && middleUs < band.toUs);
  });
}
