import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failingReport } from "../report/testing/fixtures.ts";
import { writeReport } from "../report/write.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-report-cli-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function ordealReport(...args: readonly string[]) {
  const main = join(import.meta.dir, "main.ts");
  const run = Bun.spawnSync([process.execPath, main, "report", ...args]);
  return { exit: run.exitCode, out: run.stdout.toString(), err: run.stderr.toString() };
}

test("ordeal report: makes the page anew and sums the report up, whatever its verdict", async () => {
  const { dir: run, html } = await writeReport(failingReport(), dir);
  await Bun.write(html, "an old page");
  const { exit, out, err } = ordealReport(run);
  expect({ exit, err }).toEqual({ exit: 0, err: "" });
  expect(out).toStartWith("✘ FAIL  chaos paused-leader  Correctness is violated: linearizable.\n");
  expect(out).toContain(html);
  expect(await Bun.file(html).text()).toStartWith("<!doctype html>");
});

test("ordeal report --json: one document on stdout", async () => {
  const { json, html } = await writeReport(failingReport(), dir);
  const { exit, out } = ordealReport(json, "--json");
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ name: "paused-leader", verdict: "fail", json, html });
});

test("ordeal report: a damaged and a missing report are bad input, and stay as they are", async () => {
  const damaged = join(dir, "damaged.json");
  await Bun.write(damaged, "{");
  expect(ordealReport(damaged)).toMatchObject({ exit: 64, out: "" });
  expect(ordealReport(damaged).err).toContain(`${damaged}: not JSON`);
  expect(await Bun.file(damaged).text()).toBe("{");
  expect(ordealReport(join(dir, "none")).err).toContain("fix: give a report.json");
});
