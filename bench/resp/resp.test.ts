import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFigures } from "../../src/bench/dsl.ts";
import resp from "../resp.ts";

const why = resp.whyImpossible?.() ?? null;
if (why !== null) console.warn(`bench resp did not run: ${why}`);

if (why === null) {
  test("bench resp: a quick run compares both systems, and the pipelined SET has a goal", async () => {
    const dir = mkdtempSync(join(tmpdir(), "ordeal-bench-resp-"));
    try {
      const context = { dir, seed: 1, quick: true, progress: () => {} };
      const figures = checkFigures("resp", await resp.run(context));
      expect(figures.length).toBe(6);
      expect(figures.filter(({ goal }) => goal !== null).map(({ name }) => name)).toEqual([
        "SET, -P 16: throughput against redis-server",
      ]);
      expect(figures.every(({ value }) => value >= 0)).toBe(true);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }, 60_000);
}
