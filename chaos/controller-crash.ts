import {
  configChanged,
  crash,
  defineScenario,
  faultHit,
  hold,
  leader,
  leaderDeposed,
  reshard,
  sequence,
  shardedStore,
  shardsMoved,
  shardsSettled,
  until,
  wait,
} from "../src/chaos/dsl.ts";

/**
 * The leader of the shard controller crashes just after it was asked for changes. A change is one entry
 * of its log: it is made or it is not, and if it is, the groups carry it out whoever leads. A deposed
 * controller can finish nothing, since it commits nothing.
 */
export default defineScenario({
  name: "controller-crash",
  about: "The shard controller's leader crashes in the middle of a change: its successor goes on.",
  ...shardedStore({ idleGroups: 1 }),
  faults: [
    sequence(
      1_600,
      ...[reshard("shuffle"), wait(30), hold(600, crash(leader)), until(shardsSettled, 3_200)],
      ...[reshard("leave"), wait(15), hold(600, crash(leader)), until(shardsSettled, 3_200)],
    ),
  ],
  aim: [faultHit("crash", 2), leaderDeposed(2), configChanged(3), shardsMoved(4)],
});
