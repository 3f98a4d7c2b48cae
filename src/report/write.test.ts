import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HistogramLogReader } from "hdr-histogram-js";
import { Histogram } from "../lib/histogram.ts";
import { UserError } from "../lib/user-error.ts";
import { readCode, readEnvironment } from "./environment.ts";
import { demoReport } from "./testing/fixtures.ts";
import { parseReport } from "./validate.ts";
import { newRunId, readReport, reportDir, writeReport } from "./write.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-report-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("writeReport: the histograms of a load go to load.hlog beside it, for the tools of HdrHistogram", async () => {
  const puts = new Histogram();
  for (let us = 1; us <= 100; us++) puts.record(us);
  const report = demoReport();
  const [load] = report.loads;
  const histograms = { lateness: new Histogram().toJSON(), service: { put: puts.toJSON() } };
  const loads = [{ name: "disk, 64 clients", result: { ...load!.result, histograms } }];
  const runId = "with-a-log";
  const written = await writeReport({ ...report, runId, loads }, dir);
  const { report: stored } = await readReport(written.json);
  expect(stored.artifacts["hlog"]).toBe("load.hlog");
  expect(await Bun.file(written.json).text()).not.toContain("histograms");
  const log = await Bun.file(join(written.dir, "load.hlog")).text();
  const interval = new HistogramLogReader(log).nextIntervalHistogram()!;
  expect(interval.tag).toBe("disk-64-clients/put");
  expect(interval.totalCount).toBe(100);
  expect(interval.maxValue).toBeWithin(99_900, 100_100);
});

test("run id: sorts by time and names the seed", () => {
  const at = (iso: string) => newRunId(new Date(iso), 42);
  expect(at("2025-11-21T02:44:10.123Z")).toBe("20251121T024410123Z-42");
  expect(at("2025-11-21T02:44:10.123Z") < at("2025-11-21T02:44:10.124Z")).toBeTrue();
});

test("write: json, html and markdown stand in the folder of the run, and nothing else", async () => {
  const report = demoReport();
  const written = await writeReport(report, dir);
  expect(written.dir).toBe(join(dir, "demo", "demo", report.runId));
  expect((await readdir(written.dir)).sort()).toEqual(["report.html", "report.json", "report.md"]);
  expect(await readReport(written.dir)).toEqual({ report, file: written.json });
  expect(await readReport(written.json)).toEqual({ report, file: written.json });
  expect(await Bun.file(written.html).text()).toStartWith("<!doctype html>");
});

test("write: a second time replaces the first", async () => {
  const first = await writeReport(demoReport(), dir);
  const second = await writeReport({ ...demoReport(), verdict: "unknown" }, dir);
  expect(second).toEqual(first);
  expect(parseReport(await Bun.file(second.json).text(), "").verdict).toBe("unknown");
});

test("write: a directory that cannot be written is the person's to fix, and stays as it is", async () => {
  await Bun.write(join(dir, "a-file"), "kept");
  const failed = writeReport(demoReport(), join(dir, "a-file"));
  expect(failed).rejects.toThrow(UserError);
  expect(failed).rejects.toThrow("fix: a part of the path is a file");
  expect(await Bun.file(join(dir, "a-file")).text()).toBe("kept");
});

test("write: a failed replacement leaves no temporary file", async () => {
  const report = { ...demoReport(), runId: "blocked" };
  await mkdir(join(dir, "demo", "demo", "blocked", "report.json"), { recursive: true });
  await expect(writeReport(report, dir)).rejects.toThrow();
  expect(await readdir(join(dir, "demo", "demo", "blocked"))).toEqual(["report.json"]);
});

test("write: a figure that is not a number is our bug, but does not cost the report", async () => {
  const report = { ...demoReport(), runId: "nan", durationMs: Number.NaN };
  await expect(writeReport(report, dir)).rejects.toThrow("does not read back");
  expect(await readdir(join(dir, "demo", "demo", "nan"))).toContain("report.html");
});

test("write: a name that climbs out of the reports is refused", () => {
  for (const name of ["../x", "a/b", "", ".hidden", "-rf"])
    expect(() => reportDir("reports", { kind: "chaos", name, runId: "r" })).toThrow(UserError);
});

test("read: a missing report says where it looked", async () => {
  await expect(readReport(join(dir, "none"))).rejects.toThrow(`${join(dir, "none")}: ENOENT`);
});

test("environment: names this machine; sources outside a repository have an unknown commit", async () => {
  const machine = readEnvironment();
  expect(machine.bun).toBe(Bun.version);
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.memoryBytes).toBeGreaterThan(2 ** 20);
  expect(readCode(dir)).toEqual({ commit: "unknown", dirty: false });
});
