import { expect, test } from "bun:test";
import { findLostAcks } from "./lost-acks.ts";
import { lostWritesText } from "./lost-writes.ts";
import { get, historyOf, put } from "./testing/histories.ts";

test("lostWritesText: every lost write is named, with what proves it", () => {
  const older = historyOf([put(1, 1, 10), put(3, 2, 11), get(5, 1)]);
  const [line, ...rest] = lostWritesText(older, findLostAcks(older), 0).trimEnd().split("\n");
  expect(line).toMatch(/^put \S+ \S+ → version 2 \(client \d+\), acknowledged at .* but get /);
  expect(rest).toEqual([]);
  const twice = historyOf([put(1, 1, 10), { ...put(3, 1, 10), key: 1 }, get(5, 1)]);
  expect(lostWritesText(twice, findLostAcks(twice), 0)).toContain("as write 10, and so was put");
});
