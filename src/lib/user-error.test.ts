import { expect, test } from "bun:test";
import { AssertionError, assert, unreachable } from "./assert.ts";
import { UserError } from "./user-error.ts";

test("UserError: says of every problem where it is, what it is, and how to fix it", () => {
  const error = new UserError("bad config", [
    { where: "nodes[0].id", what: "stands twice", fix: "give each node its own id" },
    { where: "dataDir", what: "is not writable", fix: "choose another" },
  ]);
  expect(error.message).toBe(
    [
      "bad config",
      "  nodes[0].id: stands twice",
      "    fix: give each node its own id",
      "  dataDir: is not writable",
      "    fix: choose another",
    ].join("\n"),
  );
  expect(error.problems.length).toBe(2);
});

test("assert: throws AssertionError with the message, only when the condition is false", () => {
  expect(() => assert(true, "fine")).not.toThrow();
  expect(() => assert(1 + 1 === 3, "sums")).toThrow(new AssertionError("sums"));
  expect(() => unreachable({ kind: "new" } as never)).toThrow('unreachable: {"kind":"new"}');
});
