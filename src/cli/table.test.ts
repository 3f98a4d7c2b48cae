import { expect, test } from "bun:test";
import { table } from "./table.ts";

test("table: columns fit their widest cell, numbers stand to the right", () => {
  const text = table(
    ["id", "role", "term"],
    [
      [1, "leader", 7],
      [10, "follower", 1234],
    ],
  );
  expect(text).toBe("id  role      term\n 1  leader       7\n10  follower  1234");
});

test("table: width is what a terminal shows, wide characters and colours included", () => {
  const lines = table(
    ["name", "x"],
    [
      ["日本", "a"],
      ["\u001b[31mred\u001b[0m", "b"],
    ],
  ).split("\n");
  expect(lines.map((line) => Bun.stringWidth(line))).toEqual([7, 7, 7]);
});

test("table: without rows it is the header alone", () => {
  expect(table(["id", "role"], [])).toBe("id  role");
});
