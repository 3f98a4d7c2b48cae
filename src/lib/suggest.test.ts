import { expect, test } from "bun:test";
import { closest } from "./suggest.ts";

const NAMES = ["demo", "chaos", "cluster", "load", "bench", "check", "report"];

test("closest: finds what a slip of the fingers meant", () => {
  for (const [word, meant] of [
    ["demo", "demo"],
    ["dmeo", "demo"],
    ["choas", "chaos"],
    ["clutser", "cluster"],
    ["cluter", "cluster"],
    ["reports", "report"],
    ["benhc", "bench"],
    ["chek", "check"],
  ] as const) {
    expect([word, closest(word, NAMES)]).toEqual([word, meant]);
  }
});

test("closest: a beginning of at least two letters is enough", () => {
  expect(closest("rep", NAMES)).toBe("report");
  expect(closest("r", NAMES)).toBeNull();
});

test("closest: says nothing when nothing is near", () => {
  for (const word of ["", "xyzzy", "banana", "x"]) expect(closest(word, NAMES)).toBeNull();
  expect(closest("demo", [])).toBeNull();
});
