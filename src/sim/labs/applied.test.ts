import { expect, test } from "bun:test";
import { AppliedLog } from "./applied.ts";
import { appendCommand } from "./command.ts";

const [A, B] = ["a", "b"].map((value) => appendCommand(value)) as [Uint8Array, Uint8Array];

function twoApplied(): AppliedLog {
  const log = new AppliedLog();
  for (const node of [1, 2, 3]) log.onStart(node);
  log.onApply(1, 2, A);
  log.onApply(1, 5, B);
  return log;
}

test("applied: commands are numbered in their order, without what is no command", () => {
  const log = twoApplied();
  expect([log.numberOf(2), log.numberOf(5), log.valueAt(5), log.valueAt(3)]).toEqual([
    ...[1, 2, "b", null],
  ]);
});

test("applied: another command at an index, or another index of a command, is a violation", () => {
  expect(() => twoApplied().onApply(2, 2, B)).toThrow("node 2 applies b at index 2, not a");
  expect(() => twoApplied().onApply(2, 3, A)).toThrow("node 2 applies a at index 3, not b");
});

test("applied: what is left out must be in the node's snapshot", () => {
  const log = twoApplied();
  log.onApply(2, 5, B);
  log.onApply(3, 5, B);
  log.onTurn(2, 2);
  expect(() => log.onTurn(3, 1)).toThrow("node 3 leaves out index 2");
});

test("applied: a node that starts again applies the same from the beginning", () => {
  const log = twoApplied();
  log.onStart(1);
  log.onApply(1, 2, A);
  expect(() => log.onApply(1, 5, A)).toThrow("node 1 applies a at index 5, not b");
});
