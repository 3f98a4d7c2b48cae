import {
  all,
  at,
  crash,
  defineScenario,
  during,
  every,
  faultHit,
  leader,
  leaderDeposed,
  loss,
  mixedLoad,
  okDuring,
  parametrised,
} from "../src/chaos/dsl.ts";

const PERIOD = { whole: true, min: 2_000, max: 30_000, default: 5_000 };

/**
 * Frames are lost on every link all the while, and every few seconds whoever leads is killed. As much
 * load as the cluster can take: what is lost must be missed within a round trip, a dead leader by
 * its clients as soon as by its followers, and nothing of what was under way may happen twice.
 */
export default parametrised(
  {
    loss: {
      about: "share of the frames that every link loses",
      min: 0.001,
      max: 0.5,
      default: 0.1,
    },
    periodMs: { about: "milliseconds from one killed leader to the next", ...PERIOD },
    downMs: {
      ...{ about: "milliseconds until a killed leader is started again", whole: true },
      ...{ min: 100, max: 20_000, default: 1_000 },
    },
    clients: { about: "closed loop", whole: true, min: 1, max: 4_096, default: 128 },
    rate: { about: "acknowledged operations a second asked for", min: 1, max: 1e6, default: 500 },
    p99Ms: { about: "limit of p99 over the whole run", min: 1, max: 60_000, default: 2_000 },
  },
  (p) =>
    defineScenario({
      name: "storm",
      about:
        "Lossy links all the time and the leader killed every few seconds, under all the load there can be.",
      cluster: { nodes: 5, storage: "disk" },
      workload: mixedLoad({
        ...{ clients: p.clients, rate: null, connections: Math.min(16, p.clients), keys: 1_024 },
        ...{ homeShare: 0.02, timeoutMs: 5_000 },
      }),
      durationMs: 4 * p.periodMs,
      faults: [
        at(0.7 * p.periodMs, loss(all, p.loss)),
        every(
          { everyMs: p.periodMs, fromMs: 0.7 * p.periodMs, toMs: 3.9 * p.periodMs },
          during(
            0.1 * p.periodMs,
            0.1 * p.periodMs + Math.min(p.downMs, 0.8 * p.periodMs),
            crash(leader),
          ),
        ),
      ],
      recoverWithinMs: 5_000,
      expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
      slo: { throughputAtLeast: p.rate, p99Ms: p.p99Ms },
      aim: [faultHit("crash", 2), leaderDeposed(2), okDuring("loss", 1_000)],
    }),
);
