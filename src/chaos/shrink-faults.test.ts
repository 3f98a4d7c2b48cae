import { expect, test } from "bun:test";
import type { Fault } from "../fault/vocabulary.ts";
import { findScenarios } from "./catalog.ts";
import { defineScenario } from "./dsl.ts";
import { type Action, scheduleOf } from "./schedule.ts";
import { shrinkActions, withFaults } from "./shrink-faults.ts";

const node = (id: number) => ({ kind: "node", id }) as const;
const crash = (id: number): Fault => ({ kind: "crash", nodes: node(id) });
const restart = (id: number): Fault => ({ kind: "restart", nodes: node(id) });
const actions: readonly Action[] = [1, 2, 3, 4, 5].flatMap((id) => [
  { atMs: id * 1000, fault: crash(id) },
  { atMs: id * 1000 + 500, fault: restart(id) },
]);
const always = (): boolean => true;
const has = (list: readonly Action[], fault: Fault): boolean =>
  list.some((action) => JSON.stringify(action.fault) === JSON.stringify(fault));

test("shrink of faults: what a failure needs is left, and nothing else", async () => {
  const fails = async (list: readonly Action[]) => has(list, crash(2)) && has(list, crash(4));
  const shrunk = await shrinkActions(actions, fails, always);
  expect(shrunk.actions.map(({ fault }) => fault)).toEqual([crash(2), crash(4)]);
  expect(shrunk.isMinimal).toBe(true);
  expect(shrunk.tried).toBeLessThan(60);
});

test("shrink of faults: one fault is always left, and not only a lift", async () => {
  const { actions: left } = await shrinkActions(actions, async () => true, always);
  expect(left.map(({ fault }) => fault.kind)).toEqual(["crash"]);
});

test("shrink of faults: it stops when it may try no more, and says so", async () => {
  let tries = 0;
  const shrunk = await shrinkActions(
    actions,
    async () => true,
    () => tries++ < 1,
  );
  expect(shrunk).toMatchObject({ tried: 1, isMinimal: false });
  expect(shrunk.actions.length).toBeLessThan(actions.length);
});

test("a schedule as data: it is a scenario that gives the same schedule, whatever the seed", async () => {
  const [scenario] = await findScenarios(["kitchen-sink"]);
  const schedule = scheduleOf(scenario!, 7, 6_000);
  const data = defineScenario(withFaults(scenario!, schedule));
  const again = JSON.parse(JSON.stringify(data)) as typeof data;
  expect(scheduleOf(again, 1234, 6_000)).toEqual(schedule);
  expect(again.aim).toHaveLength(1);
});
