import type { MessageFault, NodeSpec } from "../fault/vocabulary.ts";
import { type Draw, type Episode, HEAL, someOrAll, target } from "./episode.ts";

/** Trouble with connections, and with messages by what they mean. */
export const LINK_EPISODES: Readonly<Record<string, Episode>> = {
  /** Some nodes are clogged one by one, and let go in another order, as FoundationDB tests itself. */
  swizzleClog(d, fromMs, untilMs) {
    const all = Array.from({ length: d.nodes + d.spares }, (_, i) => i + 1);
    const some = d.random.shuffle(all).slice(0, d.random.between(1, all.length));
    const lengthMs = Math.max(untilMs - fromMs, d.config.electionTimeoutMinMs);
    const turn = (kind: "clog" | "unclog", id: number, share: number): void => {
      const nodes: NodeSpec = { kind: "node", id };
      d.at(fromMs + share * lengthMs, { kind: "fault", fault: { kind, nodes } });
    };
    for (const [i, id] of some.entries()) turn("clog", id, (0.4 * i) / some.length);
    for (const [i, id] of d.random.shuffle(some).entries()) {
      turn("unclog", id, 0.6 + (0.4 * (i + 1)) / some.length);
    }
  },

  clog(d, fromMs, untilMs) {
    d.at(fromMs, { kind: "fault", fault: { kind: "clog", nodes: target(d) } });
    d.at(untilMs, { kind: "fault", fault: { kind: "unclog", nodes: { kind: "all" } } });
  },

  /** Most frames are quick; a few, and those behind them, come after an election timeout or more. */
  longTail(d, fromMs, untilMs) {
    const tail = {
      ratio: d.random.pick([0.01, 0.1]),
      ms: d.config.electionTimeoutMinMs * d.random.pick([1, 3, 10]),
    };
    const fault = { kind: "delay", nodes: someOrAll(d), ms: 0, jitterMs: 1, tail } as const;
    d.at(fromMs, { kind: "fault", fault });
    d.at(untilMs, HEAL);
  },

  /** A heartbeat is about 50 bytes. */
  bandwidth(d, fromMs, untilMs) {
    const bytesPerSecond = d.random.pick([500, 5_000, 50_000]);
    d.at(fromMs, {
      kind: "fault",
      fault: { kind: "bandwidth", nodes: someOrAll(d), bytesPerSecond },
    });
    d.at(untilMs, HEAL);
  },

  resets(d, fromMs, untilMs) {
    for (let at = fromMs; at < untilMs || at === fromMs;) {
      d.at(at, { kind: "fault", fault: { kind: "reset", nodes: someOrAll(d) } });
      at +=
        d.config.electionTimeoutMinMs * d.random.pick([0.05, 0.3, 2]) * (0.5 + d.random.float());
    }
  },

  halfOpen(d, fromMs, untilMs) {
    d.at(fromMs, { kind: "fault", fault: { kind: "halfOpen", nodes: target(d) } });
    d.at(untilMs, HEAL);
  },

  /** One or two rules at once. */
  messages(d, fromMs, untilMs) {
    for (let rules = d.random.between(1, 2); rules > 0; rules--) {
      d.at(fromMs, { kind: "fault", fault: drawRule(d) });
    }
    d.at(untilMs, HEAL);
  },
};

function drawRule(d: Draw): MessageFault {
  const { random, config } = d;
  const delayMs = config.electionTimeoutMinMs * random.pick([0.5, 2, 8]);
  return {
    kind: "message",
    from: someOrAll(d),
    message: random.pick([
      ...["appendEntries", "appendEntries", "appendResponse", "appendResponse"],
      ...["voteRequest", "voteResponse", "heartbeat", "heartbeatResponse"],
      ...["installSnapshot", "snapshotResponse", "timeoutNow"],
    ] as const),
    term: random.pick(["any", "any", "older"]),
    first: random.pick([null, 1, 3, 10]),
    act: random.pick(["drop", "duplicate", { delayMs }, { delayMs }]),
  };
}
