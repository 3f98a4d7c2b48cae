import { expect, test } from "bun:test";
import { OPENING, OPERATING, Slots } from "./slots.ts";

test("slots: an answer is of the current stage's attempts only, counted back from the last", () => {
  const slots = new Slots(3);
  slots.beginStage(1, OPENING);
  const [first, second] = [slots.nextRequestId(1), slots.nextRequestId(1)];
  expect([first, second].map((id) => slots.slotOf(id))).toEqual([1, 1]);
  expect([slots.age(1, first), slots.age(1, second)]).toEqual([1, 0]);
  slots.beginStage(1, OPERATING);
  const third = slots.nextRequestId(1);
  expect([first, second, third].map((id) => slots.age(1, id))).toEqual([-1, -1, 0]);
});

test("slots: a stage in which nothing was asked yet has no answers", () => {
  const slots = new Slots(3);
  slots.beginStage(1, OPENING);
  expect(slots.age(1, 1)).toBe(-1);
  const opening = slots.nextRequestId(1);
  slots.beginStage(1, OPERATING); // And no group is known that could be asked.
  expect(slots.age(1, opening)).toBe(-1);
});
