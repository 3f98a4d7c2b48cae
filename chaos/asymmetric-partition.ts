import {
  defineScenario,
  during,
  isolate,
  leader,
  leaderDeposed,
  mixedLoad,
  okDuring,
  one,
  seconds,
} from "../src/chaos/dsl.ts";

/**
 * Links fail in one direction. A deaf leader still holds its followers by heartbeats but hears no
 * acks: only CheckQuorum makes it step down, and until then nothing commits (the outage of
 * Cloudflare in 2020 was of this family). A mute leader hears that it is deposed. A deaf follower
 * campaigns for ever, and only PreVote keeps it from deposing a healthy leader.
 */
export default defineScenario({
  name: "asymmetric-partition",
  about:
    "One-way cuts around the leader and a follower: a deaf leader must step down, a deaf follower must not disturb.",
  cluster: { nodes: 5, storage: "disk" },
  workload: mixedLoad(),
  durationMs: seconds(10),
  faults: [
    during(1_600, 3_800, isolate(leader, "in")),
    during(4_600, 6_600, isolate(leader, "out")),
    during(7_400, 9_000, isolate(one, "in")),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [leaderDeposed(1), okDuring("isolate", 100)],
});
