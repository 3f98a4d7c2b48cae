import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addHistory, HISTORY_MAX, historyFile, readHistory } from "./history.ts";

test("history: the option, then ORDEAL_HISTORY, then the state directory says where", () => {
  const env = { ORDEAL_HISTORY: "/e", XDG_STATE_HOME: "/x", HOME: "/h" };
  expect(historyFile("/o", env)).toBe("/o");
  expect(historyFile(undefined, env)).toBe("/e");
  expect(historyFile(undefined, { ...env, ORDEAL_HISTORY: undefined })).toBe(
    "/x/ordeal/kv_history",
  );
  expect(historyFile(undefined, { HOME: "/h" })).toBe("/h/.local/state/ordeal/kv_history");
  expect([historyFile("", env), historyFile(undefined, { ORDEAL_HISTORY: "" })]).toEqual([
    null,
    null,
  ]);
});

test("history: the newest lines are kept, newest first, and a file that cannot be is none", () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-history-"));
  try {
    const file = join(dir, "a", "b");
    expect(readHistory(file)).toEqual([]);
    expect([addHistory(file, "one"), addHistory(file, "  "), addHistory(file, "two")]).toEqual([
      ...[true, true, true],
    ]);
    expect(readHistory(file)).toEqual(["two", "one"]);
    const many = Array.from({ length: HISTORY_MAX + 5 }, (_, i) => `line ${i}`);
    writeFileSync(file, `${many.join("\n")}\n`);
    expect(readHistory(file)).toEqual(many.slice(5).reverse());
    expect(readFileSync(file, "utf8").split("\n")).toHaveLength(HISTORY_MAX + 1);
    expect(addHistory(join(file, "below"), "three")).toBe(false);
    expect([addHistory(null, "x"), readHistory(null)]).toEqual([true, []]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
