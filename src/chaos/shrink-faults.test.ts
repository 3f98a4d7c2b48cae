import { expect, test } from "bun:test";
import type { Fault } from "../fault/vocabulary.ts";
import { findScenarios } from "./catalog.ts";
import { defineScenario } from "./dsl.ts";
import { faultsOf, type Step } from "./scenario.ts";
import { scheduleOf } from "./schedule.ts";
import { shrinkSteps, stepsOf, withSteps } from "./shrink-faults.ts";

const node = (id: number) => ({ kind: "node", id }) as const;
const crash = (id: number): Fault => ({ kind: "crash", nodes: node(id) });
const restart = (id: number): Fault => ({ kind: "restart", nodes: node(id) });
const steps: readonly Step[] = [1, 2, 3, 4, 5].flatMap((id): Step[] => [
  { kind: "at", atMs: id * 1000, fault: crash(id) },
  { kind: "at", atMs: id * 1000 + 500, fault: restart(id) },
]);
const always = (): boolean => true;
const faultsIn = (list: readonly Step[]): Fault[] => list.flatMap(faultsOf);
const has = (list: readonly Step[], fault: Fault): boolean =>
  faultsIn(list).some((each) => JSON.stringify(each) === JSON.stringify(fault));

test("shrink of faults: what a failure needs is left, and nothing else", async () => {
  const fails = async (list: readonly Step[]) => has(list, crash(2)) && has(list, crash(4));
  const shrunk = await shrinkSteps(steps, fails, always);
  expect(faultsIn(shrunk.steps)).toEqual([crash(2), crash(4)]);
  expect(shrunk.isMinimal).toBe(true);
  expect(shrunk.tried).toBeLessThan(60);
});

test("shrink of faults: one fault is always left, and not only a lift", async () => {
  const { steps: left } = await shrinkSteps(steps, async () => true, always);
  expect(faultsIn(left).map(({ kind }) => kind)).toEqual(["crash"]);
});

test("shrink of faults: it stops when it may try no more, and says so", async () => {
  let tries = 0;
  const shrunk = await shrinkSteps(
    steps,
    async () => true,
    () => tries++ < 1,
  );
  expect(shrunk).toMatchObject({ tried: 1, isMinimal: false });
  expect(shrunk.steps.length).toBeLessThan(steps.length);
});

for (const name of ["kitchen-sink", "cut-at-commit"])
  test(`a schedule as data: ${name} as steps gives the same schedule, whatever the seed`, async () => {
    const [scenario] = await findScenarios([name]);
    const schedule = scheduleOf(scenario!, 7, 6_000);
    const data = defineScenario(withSteps(scenario!, stepsOf(schedule), 6_000));
    const again = JSON.parse(JSON.stringify(data)) as typeof data;
    expect(scheduleOf(again, 1234, 6_000)).toEqual(schedule);
    expect(again.aim).toHaveLength(1);
  });
