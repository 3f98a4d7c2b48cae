import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFigures } from "../../src/bench/dsl.ts";
import check from "../check.ts";

test("bench check: a quick run measures everything that has a goal", async () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-bench-check-"));
  try {
    const context = { dir, seed: 1, quick: true, progress: () => {} };
    const figures = checkFigures("check", await check.run(context));
    const goals = figures.filter(({ goal }) => goal !== null).map(({ name }) => name);
    expect(goals).toEqual([
      "1 key, 64 clients, unique values, 20,000 operations",
      "1 key, 64 clients, unique values, 20,000 operations: memory",
      "1000 keys, 64 clients, 20,000 operations",
      "35 % never-returning writes and a stale read, 2,000 operations",
      "1 key, 64 clients, versioned puts with refusals, 20,000 operations",
      "one stale read hidden, 1 key, 64 clients, 20,000 operations",
      "one stale read hidden, 1 key, 64 clients, 20,000 operations: core",
      "5 values, 33 % CAS, 16 clients, 1,000 operations",
      "5 values, 33 % CAS, 64 clients on one key, 300 operations",
      "public data: verdicts that are wrong",
      expect.stringMatching(/^public data: \d+ etcd logs, check$/),
      "from file to verdict, 20,000 operations",
    ]);
    const valueOf = (part: string): number =>
      figures.find(({ name }) => name.includes(part))!.value;
    expect(valueOf(": core")).toBeWithin(2, 7);
    expect(valueOf("verdicts that are wrong")).toBe(0);
    expect(valueOf(": memory")).toBeGreaterThan(10);
    expect(figures.every(({ note }) => !note.startsWith("UNKNOWN"))).toBe(true);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
