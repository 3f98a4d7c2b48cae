import { expect, test } from "bun:test";
import { deedsOf, isShown } from "./session.ts";

test("session: files and commands of a document, in order", () => {
  const text = [
    "```ts a.ts\nlet a = 1;\n```",
    "```ts\nno name\n```",
    "```console\n$ one\n$ two\nshown\nmore\n```",
    "",
  ].join("\n");
  expect(deedsOf(text)).toEqual([
    { kind: "file", name: "a.ts", text: "let a = 1;\n" },
    { kind: "command", command: "one", shown: "" },
    { kind: "command", command: "two", shown: "shown\nmore\n" },
  ]);
});

test("session: … stands for a part of a line, or for lines; all else is as it stands", () => {
  expect(isShown("a 12 b\n", "a … b\n")).toBe(true);
  expect(isShown("a 12 c\n", "a … b\n")).toBe(false);
  expect(isShown("x\ny\na.b\n", "…\na.b\n")).toBe(true);
  expect(isShown("a.b\n", "…\na.b\n…\n")).toBe(true);
  expect(isShown("axb\n", "a.b\n")).toBe(false);
  expect(isShown("a\nb\n", "a\n")).toBe(false);
  expect(isShown("", "")).toBe(true);
  expect(isShown("something\n", "")).toBe(false);
});
