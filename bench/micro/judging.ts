import { consume } from "../../src/bench/measure.ts";
import { checkHistory } from "../../src/check/check.ts";
import { synthesize } from "../../src/check/testing/synthetic.ts";
import { runSchedule } from "../../src/sim/run.ts";
import { drawSchedule } from "../../src/sim/swarm.ts";
import type { MicroTask } from "./tasks.ts";

const HISTORIES = 16;
const OPERATIONS = 1000;
const SCHEDULES = 8;
const SCHEDULE_MS = 2_000;
const OPTIONS = { now: (): number => performance.now(), timeoutMs: 60_000, memoryBytes: 1 << 28 };

/** The checker on small histories, and the simulator on short schedules, each of many seeds. */
export function judgingTasks(seed: number): MicroTask[] {
  const histories = Array.from({ length: HISTORIES }, (_, i) =>
    synthesize({ seed: seed + i, operations: OPERATIONS, clients: 16, keys: 1 + (i % 8) }),
  );
  const schedules = Array.from({ length: SCHEDULES }, (_, i) =>
    drawSchedule(seed + i, { durationMs: SCHEDULE_MS, nodes: { min: 3, max: 5 } }),
  );
  let [history, schedule] = [0, 0];
  return [
    {
      name: "checker: an operation of a history of 1,000",
      body: () => {
        const result = checkHistory(histories[history++ % HISTORIES]!, OPTIONS);
        if (result.kind !== "pass") throw new Error(`history ${history - 1}: ${result.kind}`);
        return OPERATIONS;
      },
    },
    {
      name: "simulator: an event of a short schedule",
      body: () => {
        const { verdict, stats } = runSchedule(schedules[schedule++ % SCHEDULES]!);
        if (verdict === "fail")
          throw new Error(`the schedule of seed ${seed + schedule - 1} fails`);
        consume(stats);
        return stats.events;
      },
    },
  ];
}
