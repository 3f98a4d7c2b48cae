import {
  all,
  at,
  crash,
  defineScenario,
  every,
  faultHit,
  followers,
  heal,
  leader,
  leaderDeposed,
  loss,
  mixedLoad,
  one,
  okDuring,
  readsByLease,
  restart,
  seconds,
  transfer,
} from "../src/chaos/dsl.ts";

/**
 * Leaders are told to hand over several times a second, later over lossy links and to nodes that have
 * just been down. A transfer makes its target vote before its time, so it can defeat what leases and
 * withheld votes rest on: lease reads are on. Clients must see no more than a short wait.
 */
export default defineScenario({
  name: "transfer-storm",
  about:
    "Leadership is handed over several times a second, also over lossy links and after crashes.",
  cluster: { nodes: 5, storage: "disk", leaseReads: true },
  workload: mixedLoad(),
  durationMs: seconds(13),
  faults: [
    every({ everyMs: 300, fromMs: 2_000, toMs: 6_000 }, at(0, transfer(followers))),
    at(6_500, loss(all, 0.1)),
    every({ everyMs: 400, fromMs: 6_500, toMs: 9_000 }, at(0, transfer(one))),
    at(9_200, heal),
    every(
      { everyMs: 1_200, fromMs: 9_200, toMs: 12_800 },
      at(0, crash(one)),
      at(200, transfer(followers)),
      at(400, crash(leader)),
      at(600, restart(all)),
      at(800, transfer(followers)),
    ),
  ],
  recoverWithinMs: seconds(5),
  expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
  aim: [faultHit("transfer", 10), leaderDeposed(5), okDuring("loss", 100), readsByLease(100)],
});
