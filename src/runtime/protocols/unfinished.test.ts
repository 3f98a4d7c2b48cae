import { expect, test } from "bun:test";
import { Unfinished } from "./unfinished.ts";

/** Limits of 100 ms on a clock that the test sets; the timer of its own is not waited for. */
function start() {
  const clock = { ms: 0 };
  const closed: string[] = [];
  const unfinished = new Unfinished<string>(
    100,
    () => clock.ms,
    (connection, reason) => void closed.push(`${connection}: ${reason}`),
  );
  return { clock, closed, unfinished };
}

test("unfinished: what has begun must come whole in time, however it trickles", () => {
  const { clock, closed, unfinished } = start();
  unfinished.heard("slow", 1, 1);
  for (clock.ms = 10; clock.ms < 100; clock.ms += 10) {
    unfinished.heard("slow", 1, 1 + clock.ms / 10);
    unfinished.check();
  }
  expect(closed).toEqual([]);
  unfinished.check();
  expect(closed).toEqual(["slow: 10 bytes of what has begun, and not the rest within 100 ms"]);
  clock.ms = 500;
  unfinished.check();
  expect(closed).toHaveLength(1);
  unfinished.stop();
});

test("unfinished: a busy connection always has something begun, and each time something else", () => {
  const { clock, closed, unfinished } = start();
  for (clock.ms = 0; clock.ms < 1000; clock.ms += 50) {
    unfinished.heard("busy", 1000, 17);
    unfinished.check();
  }
  unfinished.heard("gone", 5, 5);
  unfinished.left("gone");
  unfinished.heard("whole", 5, 5);
  unfinished.heard("whole", 5, 0);
  clock.ms = 1049;
  unfinished.check();
  expect(closed).toEqual([]);
  unfinished.stop();
});
