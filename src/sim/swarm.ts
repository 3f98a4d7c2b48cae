import { CLEAR_LINK, type LinkState } from "../fault/vocabulary.ts";
import { Prng } from "../lib/prng.ts";
import { RAFT_DEFAULTS } from "../raft/api.ts";
import {
  type DiskSpeed,
  NODES_MAX,
  type SimAction,
  type SimConfig,
  type SimOperation,
  type SimSchedule,
} from "./api.ts";
import { drawEpisodes, type EpisodeOptions } from "./episodes.ts";

export type DrawOptions = {
  /** Voters at the start; one number of the range is drawn. Default 3 to 7. */
  readonly nodes?: { readonly min: number; readonly max: number };
  /** Virtual ms of faults and load. Default 20,000. */
  readonly durationMs?: number;
  /** The kinds of trouble to draw from (episodes.ts); default all but those on request. */
  readonly episodes?: readonly string[];
  /** In place of what would be drawn. */
  readonly config?: Partial<SimConfig>;
};

export const DURATION_MS = 20_000;
const SPARES_MAX = 3;

/**
 * The schedule of a seed: the cluster, its configuration, faults and load, all drawn (swarm testing:
 * Groce and others, 2012). Most features are absent from most schedules, because what is always on
 * hides what only comes about without it.
 */
export function drawSchedule(seed: number, options: DrawOptions = {}): SimSchedule {
  const random = new Prng(seed).fork("swarm");
  const { nodes: range = { min: 3, max: 7 }, durationMs = DURATION_MS } = options;
  const nodes = random.between(range.min, range.max);
  const spares = Math.min(random.pick([0, 0, 1, SPARES_MAX]), NODES_MAX - nodes);
  const config = { ...drawConfig(random.fork("config"), nodes), ...options.config };
  const draw = { config, nodes, spares, durationMs, kinds: options.episodes ?? null };
  return {
    version: 3,
    seed,
    nodes,
    spares,
    durationMs,
    config,
    actions: drawActions(random.fork("actions"), draw),
    operations: drawOperations(random.fork("operations"), config, durationMs),
  };
}

function drawConfig(random: Prng, nodes: number): SimConfig {
  const electionTimeoutMinMs = random.pick([60, 100, 150, 150, 200, 300]);
  const clockDriftMax = 0.05;
  const drifts = random.chance(0.5);
  return {
    electionTimeoutMinMs,
    heartbeatIntervalMs: Math.ceil(electionTimeoutMinMs / random.pick([3, 4, 4, 6])),
    appendBytesMax: random.pick([64, 512, 1 << 20, 1 << 20]),
    inflightMessagesMax: random.pick([1, 2, 8, 256]),
    inflightBytesMax: random.pick([256, 8 << 20, 8 << 20]),
    uncommittedBytesMax: random.pick([2_000, 64 << 20, 64 << 20]),
    trailingBytes: random.pick([0, 500, 4_000]),
    snapshotChunkBytes: random.pick([64, 512, 4_096]),
    snapshotInflightBytesMax: random.pick([64, 4_096]),
    clockDriftMax,
    diskStallMs: RAFT_DEFAULTS.diskStallMs,
    transferTimeoutMs: RAFT_DEFAULTS.transferTimeoutMs,
    leaseReads: random.chance(0.3),
    snapshotEveryBytes: random.pick([0, 1_000, 4_000, 20_000]),
    link: drawLink(random, electionTimeoutMinMs),
    disk: drawDisk(random),
    segments: random.pick([
      { first: 2 << 10, max: 8 << 10 },
      { first: 4 << 10, max: 16 << 10 },
      { first: 16 << 10, max: 64 << 10 },
    ]),
    syncNowBytesMax: random.pick([0, 0, 0, 16 << 10]),
    turnMs: random.pick([0, 0, 0.1, 1]),
    clocks: Array.from({ length: nodes + SPARES_MAX }, () => ({
      rate: drifts ? 1 + (random.float() - 0.5) * clockDriftMax : 1,
      offsetMs: random.below(100_000),
    })),
    clients: random.pick([1, 3, 5, 8, 12]),
    timeoutMs: random.pick([1_000, 3_000]),
    attemptTimeoutMs: random.pick([100, 300, 1_000]),
    homeShare: random.pick([0, 0, 0.2, 1]),
  };
}

/**
 * Most links are quick against the election timeout. Where they are not, candidates compete, and
 * votes arrive when nobody waits for them any more.
 */
function drawLink(random: Prng, electionTimeoutMinMs: number): LinkState {
  const isSlow = random.chance(0.15);
  const delayMs = isSlow ? electionTimeoutMinMs * 0.1 : random.pick([0.1, 0.5, 0.5, 2]);
  return {
    ...CLEAR_LINK,
    delayMs,
    jitterMs: delayMs * random.pick([0.2, 1, 3]),
    loss: random.pick([0, 0, 0, 0.01, 0.1]),
    duplicate: random.pick([0, 0, 0.01, 0.1]),
    reorder: random.pick([0, 0, 0.02, 0.2]),
    reorderWithinMs: random.pick([5, 50, electionTimeoutMinMs * 3]),
  };
}

function drawDisk(random: Prng): DiskSpeed {
  const latencyMs = random.pick([0.05, 0.2, 1, 5]);
  return { latencyMs, jitterMs: latencyMs * random.pick([0.2, 2, 10]) };
}

function drawActions(random: Prng, draw: EpisodeOptions): readonly SimAction[] {
  const actions = drawEpisodes(random, draw);
  return actions.filter(({ atMs }) => atMs < draw.durationMs).sort((a, b) => a.atMs - b.atMs);
}

function drawOperations(random: Prng, config: SimConfig, durationMs: number): SimOperation[] {
  const keys = random.pick([1, 3, 10, 30]);
  const perSecond = random.pick([10, 30, 60, 100]);
  const weights: readonly (readonly [SimOperation["op"], number])[] = [
    ["get", random.pick([1, 4])],
    ["put", random.pick([1, 4])],
    ["append", random.pick([0, 0, 1, 4])],
    ["versionedPut", random.pick([0, 1, 2])],
    ["delete", random.pick([0, 0, 0.5])],
  ];
  const sum = weights.reduce((total, [, weight]) => total + weight, 0);
  // Bursts: several commands of one turn make a batch of several entries.
  const burst = random.pick([1, 1, 4]);
  const operations: SimOperation[] = [];
  for (let atMs = 0; ;) {
    atMs += random.exponential((burst * 1000) / perSecond);
    if (atMs >= durationMs) return operations;
    for (let i = 0; i < burst; i++) {
      let dice = random.float() * sum;
      const [op] = weights.find(([, weight]) => (dice -= weight) < 0) ?? ["get"];
      operations.push({ atMs, client: random.below(config.clients), op, key: random.below(keys) });
    }
  }
}
