import { CLEAR_LINK } from "../../fault/vocabulary.ts";
import type { ConfigChange } from "../../kv/config-changes.ts";
import { Prng } from "../../lib/prng.ts";
import { SIM_DEFAULTS, type SimConfig, type SimOperation } from "../api.ts";
import {
  FIRST_GROUP,
  nodesOf,
  type ShardAction,
  type ShardActionBody,
  type ShardSchedule,
  type Who,
} from "./api.ts";

export type ShardDrawOptions = {
  /** Virtual ms of faults, changes and load. Default 10,000. */
  readonly durationMs?: number;
};

export const SHARD_DURATION_MS = 10_000;
const PAUSE_MS = 400;
const LULL_MS = 1_500;
/** A value of many of these takes several chunks to move. */
const LONG_VALUE_BYTES = 20_000;
const CHUNKS_OF_LONG_VALUES = {
  snapshotChunkBytes: 64 << 10,
  snapshotInflightBytesMax: 256 << 10,
} as const;

/** What an episode is drawn with. */
type Draw = {
  readonly random: Prng;
  readonly nodes: number;
  readonly groups: number;
  at(atMs: number, action: ShardActionBody): void;
};
type Episode = (d: Draw, fromMs: number, untilMs: number) => void;

const ALL_RESTART = (d: Draw, atMs: number): void => {
  for (let node = 1; node <= d.nodes; node++) d.at(atMs, { kind: "restart", who: { node } });
};

/** A node, or the leader of a group, the controller's as often as another's. */
const someone = ({ random, nodes, groups }: Draw): Who =>
  random.chance(0.4)
    ? { node: random.between(1, nodes) }
    : { leaderOf: random.pick([1, random.between(FIRST_GROUP, FIRST_GROUP + groups - 1)]) };

const KEEPS = ["nothing", "prefix", "subset", "torn"] as const;
const failing = (d: Draw, who: Who): ShardActionBody =>
  d.random.chance(0.4)
    ? { kind: "crash", who }
    : { kind: "powerLoss", who, keeps: d.random.pick(KEEPS) };

const EPISODES: Record<string, Episode> = {
  crash(d, fromMs, untilMs) {
    d.at(fromMs, failing(d, someone(d)));
    ALL_RESTART(d, untilMs);
  },

  /** All nodes of one group, its leader last. */
  groupDown(d, fromMs, untilMs) {
    const group = d.random.between(FIRST_GROUP, FIRST_GROUP + d.groups - 1);
    for (let i = 0; i < 3; i++) d.at(fromMs + i, failing(d, { leaderOf: group }));
    ALL_RESTART(d, untilMs);
  },

  blackout(d, fromMs, untilMs) {
    for (let node = 1; node <= d.nodes; node++) {
      d.at(fromMs, failing(d, { node }));
      d.at(fromMs + d.random.float() * (untilMs - fromMs), { kind: "restart", who: { node } });
    }
  },

  pause(d, fromMs, untilMs) {
    d.at(fromMs, { kind: "pause", who: someone(d) });
    for (let node = 1; node <= d.nodes; node++) d.at(untilMs, { kind: "resume", who: { node } });
  },

  partition(d, fromMs, untilMs) {
    const all = Array.from({ length: d.nodes }, (_, i) => i + 1);
    d.at(fromMs, { kind: "partition", nodes: all.filter(() => d.random.chance(0.4)) });
    d.at(untilMs, { kind: "heal" });
  },

  isolate(d, fromMs, untilMs) {
    const direction = d.random.pick(["both", "both", "in", "out"] as const);
    d.at(fromMs, { kind: "isolate", who: someone(d), direction });
    d.at(untilMs, { kind: "heal" });
  },

  loss(d, fromMs, untilMs) {
    d.at(fromMs, { kind: "loss", ratio: d.random.pick([0.02, 0.1, 0.3]) });
    d.at(untilMs, { kind: "heal" });
  },

  agentLoss(d, fromMs, untilMs) {
    d.at(fromMs, { kind: "agentLoss", ratio: d.random.pick([0.1, 0.3, 0.6]) });
    d.at(untilMs + 3 * PAUSE_MS, { kind: "agentLoss", ratio: 0 });
  },

  transfers(d, fromMs, untilMs) {
    for (let at = fromMs; at < untilMs; at += 50 + d.random.below(300)) {
      const group = d.random.between(1, FIRST_GROUP + d.groups - 1);
      d.at(at, { kind: "transfer", group, to: d.random.between(1, d.nodes) });
    }
  },

  snapshots(d, fromMs, untilMs) {
    for (let at = fromMs; at < untilMs; at += 100 + d.random.below(500)) {
      d.at(at, { kind: "snapshot", who: { node: d.random.between(1, d.nodes) } });
    }
  },

  stalls(d, fromMs, untilMs) {
    d.at(fromMs, { kind: "diskStall", who: someone(d), ms: untilMs - fromMs });
  },
};

/** The schedule of a seed, as drawSchedule of clusters that are not sharded. */
export function drawShards(seed: number, options: ShardDrawOptions = {}): ShardSchedule {
  const random = new Prng(seed).fork("sharded swarm");
  const { durationMs = SHARD_DURATION_MS } = options;
  const nodes = random.pick([3, 3, 4, 5, 5]);
  const groups = random.pick([2, 3, 3, 4, 6]);
  const replicas = random.pick([1, 3, 3, 3]);
  const shards = random.pick([2, 4, 8, 12]);
  const config = drawConfig(random.fork("config"), nodes);
  const size = { nodes, groups, replicas, shards };
  const actions = [
    ...drawChanges(random.fork("changes"), { ...size, durationMs }),
    ...drawFaults(random.fork("faults"), { ...size, durationMs }),
  ].sort((a, b) => a.atMs - b.atMs);
  const quiesce = random.fork("quiesce").chance(0.5);
  const all = drawOperations(random.fork("operations"), config, durationMs);
  const operations = quiesce ? withLulls(random.fork("lulls"), all) : all;
  const agentDelayMs = random.pick([0, 5, 20, 80]);
  return {
    version: 1,
    seed,
    ...size,
    durationMs,
    config,
    quiesce,
    agentDelayMs,
    actions,
    operations,
  };
}

function drawConfig(random: Prng, nodes: number): SimConfig {
  const electionTimeoutMinMs = random.pick([100, 150, 150, 300]);
  const delayMs = random.pick([0.1, 0.5, 0.5, 2]);
  const drifts = random.chance(0.3);
  const drawn = {
    ...SIM_DEFAULTS,
    electionTimeoutMinMs,
    heartbeatIntervalMs: Math.ceil(electionTimeoutMinMs / 4),
    trailingBytes: random.pick([0, 2_000]),
    // A few chunks are on their way at a time, as with the sizes of real nodes.
    ...random.pick([
      { snapshotChunkBytes: 512, snapshotInflightBytesMax: 4 << 10 },
      CHUNKS_OF_LONG_VALUES,
    ]),
    leaseReads: random.chance(0.3),
    snapshotEveryBytes: random.pick([0, 2_000, 20_000]),
    link: {
      ...CLEAR_LINK,
      delayMs,
      jitterMs: delayMs * random.pick([0.2, 1, 3]),
      loss: random.pick([0, 0, 0, 0.01, 0.05]),
      duplicate: random.pick([0, 0, 0.02]),
      reorder: random.pick([0, 0, 0.05]),
      reorderWithinMs: random.pick([5, 50]),
    },
    disk: random.pick([
      { latencyMs: 0.05, jitterMs: 0.1 },
      { latencyMs: 0.5, jitterMs: 2 },
      { latencyMs: 3, jitterMs: 6 },
    ]),
    segments: random.pick([
      { first: 4 << 10, max: 16 << 10 },
      { first: 64 << 10, max: 256 << 10 },
    ]),
    syncNowBytesMax: random.pick([0, 0, 16 << 10]),
    turnMs: 0,
    clocks: Array.from({ length: nodes }, () => ({
      rate: drifts ? 1 + (random.float() - 0.5) * 0.05 : 1,
      offsetMs: random.below(100_000),
    })),
    clients: random.pick([2, 4, 8]),
    timeoutMs: random.pick([1_000, 3_000]),
    attemptTimeoutMs: random.pick([100, 300]),
    homeShare: random.pick([0, 0, 0.3]),
    valueBytes: random.pick([undefined, undefined, 500, LONG_VALUE_BYTES]),
  };
  // In the smallest chunks, states of megabytes are a million events, and the run is over before they have arrived.
  return drawn.valueBytes === LONG_VALUE_BYTES ? { ...drawn, ...CHUNKS_OF_LONG_VALUES } : drawn;
}

type Size = Pick<ShardSchedule, "nodes" | "groups" | "replicas" | "shards" | "durationMs">;

/** Joins, leaves and moves; some groups join at once, so that there is something to serve. */
function drawChanges(random: Prng, size: Size): readonly ShardAction[] {
  const ids = Array.from({ length: size.groups }, (_, i) => FIRST_GROUP + i);
  const joining = (groups: readonly number[]): ConfigChange => ({
    kind: "join",
    groups: groups.map((id) => ({ id, nodes: nodesOf(id, size.nodes, size.replicas) })),
  });
  const first = ids.slice(0, random.between(1, ids.length));
  const actions: ShardAction[] = [{ atMs: 0, kind: "change", change: joining(first) }];
  const everyMs = random.pick([100, 400, 1_500]);
  for (let atMs = 500; ;) {
    atMs += random.exponential(everyMs);
    if (atMs >= size.durationMs) return actions;
    const some = random.shuffle(ids).slice(0, random.pick([1, 1, 2]));
    const move = {
      kind: "move",
      shard: random.below(size.shards),
      group: random.pick(ids),
    } as const;
    const leave = { kind: "leave", groups: some } as const;
    const change = random.pick<ConfigChange>([joining(some), joining(some), leave, leave, move]);
    actions.push({ atMs, kind: "change", change });
  }
}

/** Most schedules have some kinds of trouble and lack the others. */
function drawFaults(random: Prng, { nodes, groups, durationMs }: Size): readonly ShardAction[] {
  const kinds = random.shuffle(Object.keys(EPISODES)).slice(0, random.pick([0, 1, 2, 3, 5]));
  const actions: ShardAction[] = [];
  if (kinds.length === 0) return actions;
  const at = (atMs: number, action: ShardActionBody): void => {
    if (atMs < durationMs) actions.push({ atMs, ...action });
  };
  const everyMs = random.pick([300, 1_000, 3_000]);
  for (let fromMs = 500 + random.exponential(everyMs); fromMs < durationMs;) {
    const untilMs = fromMs + PAUSE_MS * (0.2 + random.exponential(1));
    EPISODES[random.pick(kinds)]!({ random, nodes, groups, at }, fromMs, untilMs);
    fromMs = untilMs + random.exponential(everyMs);
  }
  return actions;
}

/** Without those of some spans: long enough for groups to fall asleep. */
function withLulls(random: Prng, operations: readonly SimOperation[]): SimOperation[] {
  const lulls = Array.from({ length: 64 }, () => random.chance(0.5));
  return operations.filter(({ atMs }) => !lulls[Math.floor(atMs / LULL_MS) % lulls.length]);
}

function drawOperations(random: Prng, config: SimConfig, durationMs: number): SimOperation[] {
  const keys = random.pick([3, 10, 30]);
  const everyMs = 1_000 / random.pick([20, 50, 100]);
  const ops = random.pick<readonly SimOperation["op"][]>([
    ["append", "append", "get"],
    ["put", "append", "get", "versionedPut"],
    ["put", "get", "delete", "versionedPut", "append"],
  ]);
  const operations: SimOperation[] = [];
  for (let atMs = 300; ;) {
    atMs += random.exponential(everyMs);
    if (atMs >= durationMs) return operations;
    const [client, key] = [random.below(config.clients), random.below(keys)];
    operations.push({ atMs, client, op: random.pick(ops), key });
  }
}
