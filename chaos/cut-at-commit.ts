import {
  caughtUp,
  commitIndexReaches,
  defineScenario,
  faultHit,
  hold,
  isolate,
  leader,
  leaderDeposed,
  leadersDeposed,
  crash,
  mixedLoad,
  operationsAcknowledged,
  parametrised,
  pause,
  seconds,
  sequence,
  until,
} from "../src/chaos/dsl.ts";

/**
 * Faults that follow what the cluster does and no clock: the leader is cut off when its log has come
 * to an entry, its successor is killed after so many more operations, and the one after that sleeps
 * once all have caught up. Bugs that need a moment are found by naming the moment.
 */
export default parametrised(
  {
    entries: {
      ...{ about: "commitIndex at which the leader is cut off", whole: true },
      ...{ min: 1, max: 1e9, default: 1_500 },
    },
    operations: {
      ...{ about: "acknowledged operations until its successor is killed", whole: true },
      ...{ min: 1, max: 1e9, default: 400 },
    },
  },
  (p) =>
    defineScenario({
      name: "cut-at-commit",
      about:
        "The leader is cut off when commitIndex reaches an entry, the next is killed and the third put to sleep.",
      cluster: { nodes: 5, storage: "disk" },
      workload: mixedLoad(),
      durationMs: seconds(15),
      faults: [
        sequence(
          2_300,
          until(commitIndexReaches(p.entries), 3_400),
          isolate(leader),
          until(leadersDeposed(), 2_500),
          hold(300, { kind: "heal" }),
          until(operationsAcknowledged(p.operations), 2_500),
          hold(500, crash(leader)),
          until(caughtUp, 2_500),
          hold(700, pause(leader)),
        ),
      ],
      recoverWithinMs: seconds(5),
      expect: ["linearizable", "no-lost-acks", "one-leader-per-term"],
      aim: [faultHit("isolate"), faultHit("crash"), faultHit("pause"), leaderDeposed(2)],
    }),
);
