import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFigures } from "../../src/bench/dsl.ts";
import storage from "../storage.ts";

test("bench storage: a quick run measures everything that has a goal", async () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-bench-storage-"));
  const parts: string[] = [];
  try {
    const context = { dir, seed: 1, quick: true, progress: (what: string) => parts.push(what) };
    const figures = checkFigures("storage", await storage.run(context));
    expect(figures.filter(({ goal }) => goal !== null).map(({ name }) => name)).toEqual([
      ...["256 B", "4 KiB", "64 KiB"].flatMap((size) =>
        ["p50", "p99"].map((q) => `append + fsync of ${size} against the bare calls, ${q}`),
      ),
      "recovery of a log of 20,000 entries of 256 B",
      "snapshot: event-loop lag added, p99",
      "snapshot: longest turn of the loop, CPU time",
      "restart to ready with an empty state",
    ]);
    expect(figures.every(({ value }) => value >= 0)).toBe(true);
    expect(parts).toContain("snapshot, round 1");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
