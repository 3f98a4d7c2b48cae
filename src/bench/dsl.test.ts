import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import { checkFigures, defineFigureSuite, figure } from "./dsl.ts";

test("figure suite: a name that cannot be that of its module is refused", () => {
  const suite = { about: "nothing", run: async () => [] };
  expect(defineFigureSuite({ name: "wal-2", ...suite })).toMatchObject({ kind: "figures" });
  for (const name of ["", "Wal", "wal_2", "wal--2", "../wal"]) {
    expect(() => defineFigureSuite({ name, ...suite })).toThrow(UserError);
  }
});

test("figure: a value that is not finite never reaches a report", () => {
  expect(figure("a", 2, "ms")).toEqual({ name: "a", value: 2, unit: "ms", goal: null, note: "" });
  for (const value of [NaN, Infinity]) expect(() => figure("a", value, "ms")).toThrow(RangeError);
});

test("figures of a suite: none at all, and two of one name, are refused", () => {
  const two = [figure("a", 1, "ms"), figure("b", 1, "ms")];
  expect(checkFigures("s", two)).toBe(two);
  expect(() => checkFigures("s", [])).toThrow("there is none");
  expect(() => checkFigures("s", [...two, figure("a", 2, "s")])).toThrow('two are called "a"');
});
