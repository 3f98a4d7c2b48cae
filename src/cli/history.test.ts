import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { historyFixtures } from "../report/testing/histories.ts";
import { runOrdeal } from "./testing/ordeal.ts";

const LONG = 60_000;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-history-cli-"));
  for (const report of historyFixtures()) {
    const file = join(dir, report.kind, report.name, report.runId, "report.json");
    await Bun.write(file, JSON.stringify(report));
  }
  await Bun.write(join(dir, "bench", "put", "broken", "report.json"), '{"schema": 1, ');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const history = (...args: readonly string[]) => runOrdeal(["history", ...args]);

test(
  "ordeal history: a sparkline a metric, and each change with its commit; what is left out is told",
  async () => {
    const { code, out, err } = await history(dir);
    expect(code).toBe(0);
    expect(out).toMatch(/^put on ordeal {2}44 reports, 2025-11-01 00:00:00 UTC …/);
    expect(out).toMatch(/disk, 64 clients: p50 +[▁-█]{32} {2}[\d.]+ ms\n/);
    expect(out).toMatch(/✘ worse \+\d\d\.\d % \(.* → .*\) at c0ffee001800, after c0ffee001700, /);
    expect(out).toMatch(/✔ better −\d\d\.\d % \(.* → .*\) at c0ffee003300, after c0ffee003200, /);
    expect(out).toContain("6 reports, fewer than 10: no change points are looked for");
    expect(out).toContain('left out 20251101T023000000Z-9: cpu: "Intel Xeon"');
    expect(err).toContain(`left out ${join(dir, "bench/put/broken/report.json")}: not JSON`);
  },
  LONG,
);

test(
  "ordeal history: one document with points and changes, and a page",
  async () => {
    const page = join(dir, "history.html");
    const { code, out } = await history(
      dir,
      "--json",
      "--name",
      "put",
      "--metric",
      "p99",
      "--html",
      page,
    );
    expect(code).toBe(0);
    const { histories, damaged } = JSON.parse(out);
    expect(damaged).toHaveLength(1);
    expect(histories).toHaveLength(1);
    const [series] = histories[0].series;
    expect(series.metric.name).toBe("disk, 64 clients: p99");
    expect(series.points).toHaveLength(44);
    const directions = series.changes.map(({ direction }: { direction: string }) => direction);
    expect(directions).toEqual(["worse", "better"]);
    expect((await Bun.file(page).text()).startsWith("<!doctype html>")).toBe(true);
  },
  LONG,
);

test(
  "ordeal history: names that are not there, and folders without reports, are exit 64",
  async () => {
    const empty = await mkdtemp(join(tmpdir(), "ordeal-history-none-"));
    try {
      const results = await Promise.all([
        history(dir, "--name", "pu"),
        history(dir, "--metric", "p42"),
        history(join(dir, "none")),
        history(empty),
      ]);
      for (const { code, out } of results) expect({ code, out }).toEqual({ code: 64, out: "" });
      const [name, metric, missing, none] = results.map(({ err }) => err);
      expect(name).toContain('did you mean "put"? there are: put, ycsb');
      expect(metric).toContain("there are: disk, 64 clients: throughput, ");
      expect(missing).toContain("fix: give a directory of reports");
      expect(none).toContain("there is no report.json in it or below");
    } finally {
      await rm(empty, { recursive: true, force: true });
    }
  },
  LONG,
);
