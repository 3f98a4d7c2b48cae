import type { NodeSpec } from "../fault/vocabulary.ts";
import type { Prng } from "../lib/prng.ts";
import type { SimAction, SimConfig } from "./api.ts";
import { type ActionBody, type Draw, type Episode, HEAL, someOrAll, target } from "./episode.ts";
import { LINK_EPISODES } from "./link-episodes.ts";

const EPISODES: Record<string, Episode> = {
  crash(d, fromMs, untilMs) {
    d.at(fromMs, crash(d, target(d)));
    d.at(untilMs, { kind: "fault", fault: { kind: "restart", nodes: { kind: "all" } } });
  },

  /** Everyone loses power, and comes back one by one. */
  blackout(d, fromMs, untilMs) {
    for (let id = 1; id <= d.nodes; id++) {
      const nodes: NodeSpec = { kind: "node", id };
      d.at(fromMs, crash(d, nodes));
      const backMs = fromMs + d.random.float() * (untilMs - fromMs);
      d.at(backMs, { kind: "fault", fault: { kind: "restart", nodes } });
    }
  },

  /** Leader after leader falls soon after it is elected; most are back at once (paper, figure 8). */
  leaderFalls(d, fromMs, untilMs) {
    const { electionTimeoutMinMs } = d.config;
    for (let at = fromMs; at < untilMs;) {
      d.at(at, crash(d, { kind: "leader" }));
      const back = at + d.random.float() * 3 * electionTimeoutMinMs;
      d.at(back, { kind: "fault", fault: { kind: "restart", nodes: { kind: "all" } } });
      at += electionTimeoutMinMs * (1.2 + 2 * d.random.float());
    }
  },

  pause(d, fromMs, untilMs) {
    d.at(fromMs, { kind: "fault", fault: { kind: "pause", nodes: target(d) } });
    d.at(untilMs, { kind: "fault", fault: { kind: "resume", nodes: { kind: "all" } } });
  },

  isolate(d, fromMs, untilMs) {
    const direction = d.random.pick(["both", "both", "in", "out"] as const);
    d.at(fromMs, { kind: "fault", fault: { kind: "isolate", nodes: target(d), direction } });
    d.at(untilMs, HEAL);
  },

  /** A leader is cut off from most, with a little company: it appends what it cannot commit. */
  partition(d, fromMs, untilMs) {
    const shape = d.random.pick([
      "halves",
      "halves",
      "halves",
      "bridge",
      "majoritiesRing",
      "random",
    ] as const);
    if (shape === "halves") {
      const leaderIn = d.random.pick(["minority", "majority", "any"] as const);
      d.at(fromMs, { kind: "fault", fault: { kind: "partition", shape, leaderIn } });
    } else {
      d.at(fromMs, { kind: "fault", fault: { kind: "partition", shape } });
    }
    d.at(untilMs, HEAL);
  },

  /** Partitions that change before the cluster has settled. */
  partitions(d, fromMs, untilMs) {
    for (let at = fromMs; at < untilMs;) {
      const fault = { kind: "partition", shape: "halves", leaderIn: "minority" } as const;
      d.at(at, HEAL);
      d.at(at, { kind: "fault", fault });
      at += d.config.electionTimeoutMinMs * (1 + 4 * d.random.float());
    }
    d.at(untilMs, HEAL);
  },

  /**
   * The leader alone, again and again: each leaves a tail of entries that only it has, and comes
   * back while their clients still wait (figure 7 of the paper).
   */
  tails(d, fromMs, untilMs) {
    const timeout = d.config.electionTimeoutMinMs;
    const nodes: NodeSpec = { kind: "leader" };
    for (let at = fromMs; at < Math.max(untilMs, fromMs + 6 * timeout);) {
      d.at(at, { kind: "fault", fault: { kind: "isolate", nodes, direction: "both" } });
      at += timeout * (1.5 + 2 * d.random.float());
      d.at(at, HEAL);
      at += timeout * 1.5 * d.random.float();
    }
  },

  loss(d, fromMs, untilMs) {
    const ratio = d.random.pick([0.1, 0.3, 0.6]);
    d.at(fromMs, { kind: "fault", fault: { kind: "loss", nodes: someOrAll(d), ratio } });
    d.at(untilMs, HEAL);
  },

  /** A very slow link: what was sent arrives late, when terms have passed. */
  delay(d, fromMs, untilMs) {
    const ms = d.config.electionTimeoutMinMs * d.random.pick([0.3, 1, 4]);
    const nodes = target(d);
    d.at(fromMs, { kind: "fault", fault: { kind: "delay", nodes, ms, jitterMs: ms } });
    d.at(untilMs, HEAL);
  },

  ...LINK_EPISODES,

  reorder(d, fromMs, untilMs) {
    const withinMs = d.config.electionTimeoutMinMs * d.random.pick([0.1, 1, 5]);
    const nodes = someOrAll(d);
    d.at(fromMs, { kind: "fault", fault: { kind: "reorder", nodes, ratio: 0.3, withinMs } });
    d.at(fromMs, { kind: "fault", fault: { kind: "duplicate", nodes, ratio: 0.3 } });
    d.at(untilMs, HEAL);
  },

  slowDisk(d, fromMs, untilMs) {
    const latencyMs = d.config.electionTimeoutMinMs * d.random.pick([0.1, 0.5, 2]);
    const nodes = someOrAll(d);
    d.at(fromMs, { kind: "diskSpeed", nodes, speed: { latencyMs, jitterMs: latencyMs } });
    d.at(untilMs, { kind: "diskSpeed", nodes: { kind: "all" }, speed: d.config.disk });
  },

  /** A disk that fails, and with it the node; it comes up again once the disk is sound. */
  diskError(d, fromMs, untilMs) {
    const operation = d.random.pick(["write", "sync", "sync"] as const);
    d.at(fromMs, { kind: "fault", fault: { kind: "diskError", nodes: target(d), operation } });
    d.at(untilMs, HEAL);
    d.at(untilMs, { kind: "fault", fault: { kind: "restart", nodes: { kind: "all" } } });
  },

  diskFull(d, fromMs, untilMs) {
    d.at(fromMs, { kind: "fault", fault: { kind: "diskFull", nodes: someOrAll(d) } });
    d.at(untilMs, HEAL);
    d.at(untilMs, { kind: "fault", fault: { kind: "restart", nodes: { kind: "all" } } });
  },

  diskStall(d, fromMs) {
    const ms = d.config.electionTimeoutMinMs * d.random.pick([0.5, 2, 10]);
    d.at(fromMs, { kind: "fault", fault: { kind: "diskStall", nodes: someOrAll(d), ms } });
  },

  /** The power goes while the disk is behind: whatever is written then is under way. */
  powerLoss(d, fromMs, untilMs) {
    const nodes = someOrAll(d);
    const ms = d.config.electionTimeoutMinMs * d.random.pick([0.5, 0.9]);
    const keeps = d.random.pick(["nothing", "prefix", "subset", "torn", "torn"] as const);
    d.at(fromMs, { kind: "fault", fault: { kind: "diskStall", nodes, ms } });
    d.at(fromMs + ms * d.random.float(), {
      ...{ kind: "fault", fault: { kind: "powerLoss", nodes, keeps } },
    });
    const backMs = Math.max(untilMs, fromMs + ms);
    d.at(backMs, { kind: "fault", fault: { kind: "restart", nodes: { kind: "all" } } });
  },

  /**
   * What a disk holds decays, always the same one: the node may be lost for good, and the others
   * must be enough for whatever membership comes.
   */
  bitFlip(d, fromMs, untilMs) {
    const nodes: NodeSpec = { kind: "node", id: 1 };
    const bits = d.random.pick([1, 1, 3, 30]);
    d.at(fromMs, crash(d, nodes));
    d.at(fromMs, { kind: "fault", fault: { kind: "bitFlip", nodes, bits } });
    d.at(untilMs, { kind: "fault", fault: { kind: "restart", nodes } });
  },

  /** Other voters and learners, from the whole of the nodes, and sometimes another set at once. */
  membership(d, fromMs, untilMs) {
    for (let at = fromMs; at < untilMs || at === fromMs;) {
      const ids = d.random.shuffle(Array.from({ length: d.nodes + d.spares }, (_, i) => i + 1));
      const count = d.random.between(Math.min(3, ids.length), Math.min(5, ids.length));
      const voters = ids.slice(0, count).sort((a, b) => a - b);
      const learners = d.random.chance(0.3) ? ids.slice(count, count + 1) : [];
      d.at(at, { kind: "membership", voters, learners });
      at += d.config.electionTimeoutMinMs * (0.5 + 8 * d.random.float());
    }
  },

  transfer(d, fromMs, untilMs) {
    for (let at = fromMs; at < untilMs || at === fromMs;) {
      const to: NodeSpec = { kind: "node", id: 1 + d.random.below(d.nodes + d.spares) };
      d.at(at, { kind: "fault", fault: { kind: "transfer", to } });
      at += d.config.electionTimeoutMinMs * (0.2 + 4 * d.random.float());
    }
  },

  /** One node, always the same, crashes and comes back without its data. */
  wipe(d, fromMs, untilMs) {
    const nodes: NodeSpec = { kind: "node", id: 1 };
    d.at(fromMs, { kind: "fault", fault: { kind: "crash", nodes } });
    d.at(fromMs, { kind: "fault", fault: { kind: "wipe", nodes } });
    d.at(untilMs, { kind: "fault", fault: { kind: "restart", nodes } });
  },

  snapshot(d, fromMs) {
    d.at(fromMs, { kind: "fault", fault: { kind: "snapshot", nodes: someOrAll(d) } });
  },

  /** One who was away comes back to a log that begins after what it has. */
  behind(d, fromMs, untilMs) {
    const nodes: NodeSpec = { kind: "node", id: 1 + d.random.below(d.nodes) };
    d.at(fromMs, { kind: "fault", fault: { kind: "isolate", nodes, direction: "both" } });
    const backMs = Math.max(untilMs, fromMs + 5 * d.config.electionTimeoutMinMs);
    d.at(backMs, { kind: "fault", fault: { kind: "snapshot", nodes: { kind: "all" } } });
    d.at(backMs + 5, HEAL);
  },

  /** Suspended as a whole, with its clock. Leases rest on clocks, and so know no such jumps. */
  clockJump(d, fromMs) {
    if (d.config.leaseReads) return;
    const ms = d.config.electionTimeoutMinMs * d.random.pick([0.5, 2, 20]);
    d.at(fromMs, { kind: "fault", fault: { kind: "clockJump", nodes: target(d), ms } });
  },

  /** Within what leases allow for, if there are any. */
  clock(d, fromMs, untilMs) {
    const nodes = someOrAll(d);
    const drift = d.config.clockDriftMax / 2;
    const wild = d.config.leaseReads ? [] : [0.2, 3];
    const rate = d.random.pick([1 - drift, 1 + drift, ...wild]);
    d.at(fromMs, { kind: "fault", fault: { kind: "clockRate", nodes, rate } });
    d.at(untilMs, { kind: "fault", fault: { kind: "clockRate", nodes: { kind: "all" }, rate: 1 } });
  },

  clockStrobe(d, fromMs, untilMs) {
    if (d.config.leaseReads) return;
    const everyMs = d.config.electionTimeoutMinMs * d.random.pick([0.1, 0.5, 3]);
    d.at(fromMs, { kind: "fault", fault: { kind: "clockStrobe", nodes: someOrAll(d), everyMs } });
    d.at(untilMs, HEAL);
  },
};

/** A wiped node is lost for good: only for schedules that count on it. */
const ON_REQUEST = ["wipe"];
const NAMES = Object.keys(EPISODES).filter((name) => !ON_REQUEST.includes(name));

export type EpisodeOptions = {
  readonly config: SimConfig;
  readonly nodes: number;
  readonly spares: number;
  readonly durationMs: number;
  /** Names of the kinds to draw from; null: the usual ones. */
  readonly kinds: readonly string[] | null;
};

/** A few kinds of trouble, each now and then, with time in between in which the cluster recovers. */
export function drawEpisodes(random: Prng, options: EpisodeOptions): SimAction[] {
  const { config, nodes, spares, durationMs } = options;
  const actions: SimAction[] = [];
  const draw: Draw = {
    random,
    config,
    nodes,
    spares,
    leaderShare: random.pick([0.2, 0.5, 0.8]),
    at: (atMs, action) => actions.push({ atMs: Math.round(atMs * 1000) / 1000, ...action }),
  };
  const kinds = options.kinds ?? random.shuffle(NAMES).slice(0, random.between(1, 6));
  const timeout = config.electionTimeoutMinMs;
  const gapMs = timeout * random.pick([2, 5, 15]);
  const lengthMs = timeout * random.pick([1, 4, 12]);
  for (let at = random.exponential(gapMs); at < durationMs; at += random.exponential(gapMs)) {
    EPISODES[random.pick(kinds)]!(draw, at, at + random.exponential(lengthMs));
  }
  return actions;
}

/** A process that is killed, or a machine that loses power. */
function crash({ random }: Draw, nodes: NodeSpec): ActionBody {
  const keeps = random.pick([null, null, "nothing", "prefix", "subset", "torn"] as const);
  if (keeps === null) return { kind: "fault", fault: { kind: "crash", nodes } };
  return { kind: "fault", fault: { kind: "powerLoss", nodes, keeps } };
}
