import { expect, test } from "bun:test";
import { UserError } from "../lib/user-error.ts";
import { benchReport, demoReport, failingReport } from "./testing/fixtures.ts";
import { parseReport } from "./validate.ts";

const problemsOf = (text: string): readonly { where: string; what: string }[] => {
  try {
    parseReport(text, "r.json");
  } catch (error) {
    if (error instanceof UserError) return error.problems;
    throw error;
  }
  throw new Error("accepted");
};

for (const report of [demoReport(), failingReport(), benchReport()])
  test(`report: ${report.kind} ${report.name} reads back as it was written`, () => {
    expect(parseReport(JSON.stringify(report), "r.json")).toEqual(report);
  });

test("report: a newer schema is refused with both numbers", () => {
  const [problem] = problemsOf(JSON.stringify({ ...demoReport(), schema: 2 }));
  expect(problem).toMatchObject({ where: "r.json", what: "its schema is 2, this build reads 1" });
});

test("report: damaged JSON and other documents are refused", () => {
  const whole = JSON.stringify(demoReport());
  expect(problemsOf(whole.slice(0, 500))[0]!.what).toStartWith("not JSON");
  expect(problemsOf("null")[0]!.what).toBe('its "schema" is null, expected 1');
  expect(problemsOf("[]")[0]!.what).toContain('its "schema" is null');
  expect(problemsOf('{"schema":"1"}')[0]!.what).toContain('its "schema" is "1"');
});

test("report: every wrong field is named with its path", () => {
  const report = demoReport();
  const load = { ...report.loads[0]!, result: { ...report.loads[0]!.result, throughput: null } };
  const problems = problemsOf(JSON.stringify({ ...report, verdict: "ok", loads: [load] }));
  expect(problems.map(({ where }) => where)).toEqual([
    "r.json at verdict",
    "r.json at loads.0.result.throughput",
  ]);
});

test("report: a number beyond all numbers is none", () => {
  const text = JSON.stringify(demoReport()).replace(/"startedAtUs":[0-9.]+/, '"startedAtUs":1e999');
  expect(problemsOf(text).map(({ where }) => where)).toEqual([
    "r.json at loads.0.result.startedAtUs",
  ]);
});

test("report: timeline columns of different length are refused", () => {
  const report = demoReport();
  const timeline = { ...report.timeline!, p99: report.timeline!.p99.slice(1) };
  expect(problemsOf(JSON.stringify({ ...report, timeline }))[0]!.what).toContain(
    "differ in length",
  );
});
