import { expect, test } from "bun:test";
import { SlotAlarms } from "./slot-alarms.ts";

const rung = (alarms: SlotAlarms, now: number): number[] => {
  const slots: number[] = [];
  alarms.ring(now, (slot) => {
    slots.push(slot);
    alarms.end(slot);
  });
  return slots;
};

test("alarms: each slot is told of once its time has come, and next() is never later than that", () => {
  const alarms = new SlotAlarms(4);
  expect(alarms.next()).toBe(Number.POSITIVE_INFINITY);
  for (const slot of [0, 1, 2]) alarms.begin(slot, 1_000);
  alarms.set(0, 30);
  alarms.set(1, 10);
  alarms.set(2, 20);
  expect(alarms.next()).toBe(10);
  expect(rung(alarms, 9)).toEqual([]);
  expect(rung(alarms, 20)).toEqual([1, 2]);
  expect(alarms.next()).toBe(30);
  expect(rung(alarms, 30)).toEqual([0]);
  expect(alarms.next()).toBe(Number.POSITIVE_INFINITY);
});

test("alarms: a slot acts no later than its operation is over; one that has ended not at all", () => {
  const alarms = new SlotAlarms(2);
  alarms.begin(0, 50);
  alarms.begin(1, 50);
  alarms.set(0, 70);
  alarms.set(1, 40);
  alarms.end(1);
  expect(rung(alarms, 49)).toEqual([]);
  expect(alarms.isOver(0, 49)).toBe(false);
  expect(alarms.isOver(0, 50)).toBe(true);
  expect(rung(alarms, 50)).toEqual([0]);
});
