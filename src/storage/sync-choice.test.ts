import { expect, test } from "bun:test";
import { SyncChoice } from "./sync-choice.ts";

/** Syncs records of 1 byte until one is waited for; how many were not. */
function awayUntilWaited(choice: SyncChoice, ms: number): number {
  let away = 0;
  while (!choice.waitFor(1)) {
    choice.wentAway(ms);
    away++;
  }
  return away;
}

test("sync choice: a quick disk is waited for, up to the size that was given", () => {
  const choice = new SyncChoice(1000);
  for (let i = 0; i < 100; i++) {
    expect(choice.waitFor(1000)).toBe(true);
    choice.waited(0.9);
  }
  expect(choice.waitFor(1001)).toBe(false);
  expect(new SyncChoice(0).waitFor(1)).toBe(false);
});

test("sync choice: a slow disk is tried ever more seldom, and often again once it was quick", () => {
  const choice = new SyncChoice(1000);
  const away: number[] = [];
  for (let i = 0; i < 9; i++) {
    choice.waited(20);
    away.push(awayUntilWaited(choice, 2));
  }
  expect(away).toEqual([8, 16, 32, 64, 128, 256, 512, 512, 512]);
  choice.waited(0.1);
  choice.waited(20);
  expect(awayUntilWaited(choice, 2)).toBe(8);
});

test("sync choice: a disk that stalls is not waited for as long as it does", () => {
  const choice = new SyncChoice(1000);
  choice.waited(500);
  for (let i = 0; i < 100; i++) {
    expect(choice.waitFor(1)).toBe(false);
    choice.wentAway(500);
  }
  expect(awayUntilWaited(choice, 1)).toBe(8);
});
