import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { comparisonOfReports } from "../report/compare/of-reports.ts";
import { parseComparison } from "../report/compare/validate.ts";
import type { Report } from "../report/schema.ts";
import { storedReports } from "../report/testing/histories.ts";
import { readBoth } from "./compare/run.ts";
import { elementsOf, parseXml } from "../report/testing/xml.ts";
import { runOrdeal } from "./testing/ordeal.ts";

let dir = "";
const path = (name: string): string => join(dir, name, "report.json");

/** One suite as two commits measured it, five runs each: the second is slower by 40 %, beyond chance. */
const [before, after] = (() => {
  const reports = storedReports({
    ...{ name: "put", reports: 10 },
    changes: [{ index: 5, factor: 1.4 }],
  });
  const withRuns = (some: readonly Report[]): Report => ({
    ...some[0]!,
    loads: some[0]!.loads.map((load, i) => ({
      ...load,
      runs: some.map(({ loads }) => loads[i]!.result),
    })),
  });
  return [withRuns(reports.slice(0, 5)), withRuns(reports.slice(5))];
})();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-compare-cli-"));
  const text = JSON.stringify(before);
  const environment = { ...before.environment, cpu: "Intel Xeon", cores: 8, kernel: "5.4.0" };
  const wrong = { name: "linearizable", verdict: "fail", detail: "a stale read", evidence: [] };
  const files = {
    before: text,
    after: JSON.stringify(after),
    single: JSON.stringify(storedReports({ name: "put", reports: 1 })[0]),
    elsewhere: JSON.stringify({ ...after, environment }),
    otherConfig: JSON.stringify({ ...after, config: { suite: "put", runs: 3 } }),
    otherTarget: JSON.stringify({ ...after, target: { ...after.target, name: "etcd" } }),
    otherSuite: JSON.stringify({ ...after, name: "get" }),
    wrong: JSON.stringify({ ...after, checks: [wrong] }),
    cut: text.slice(0, text.length / 2),
    empty: "",
    newer: JSON.stringify({ ...before, schema: 2 }),
    types: JSON.stringify({ ...before, seed: "1", startedAt: "yesterday", loads: {} }),
    comparison: JSON.stringify({ schema: 1, mode: "stored" }),
  };
  for (const [name, content] of Object.entries(files)) await Bun.write(path(name), content);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const compare = (...args: readonly string[]) =>
  runOrdeal(["compare", ...args], {
    ...{ GITHUB_ACTIONS: undefined, GITHUB_STEP_SUMMARY: join(dir, "summary.md") },
  });

const LONG = 60_000;

test(
  "ordeal compare: figures that are worse are told in every output, and are advice: exit 0",
  async () => {
    const file = (name: string): string => join(dir, name);
    await Bun.write(file("summary.md"), "of a step before\n");
    const flags = [
      "--markdown",
      file("summary.md"),
      "--junit",
      file("c.xml"),
      "--html",
      file("c.html"),
    ];
    const [text, json] = await Promise.all([
      compare(join(dir, "before"), path("after"), ...flags),
      compare(path("before"), path("after"), "--json"),
    ]);
    expect(text).toMatchObject({ code: 0, err: "" });
    expect(text.out).toStartWith("✘ REGRESSED  compare put  ");
    expect(text.out).toMatch(/disk, 64 clients: p50 .* \+\d\d\.\d % .* ✘ regressed/);
    expect(text.out).toContain(
      `repeat    ordeal compare ${join(dir, "before")} ${path("after")}\n`,
    );
    expect(json.code).toBe(0);
    expect(parseComparison(json.out, "stdout").verdict).toBe("regressed");
    const summary = await Bun.file(file("summary.md")).text();
    expect(summary).toStartWith("of a step before\n## ❌ Regressed: compare put\n");
    const failures = elementsOf(parseXml(await Bun.file(file("c.xml")).text()), "failure");
    expect(failures.length).toBeGreaterThan(0);
    expect((await Bun.file(file("c.html")).text()).startsWith("<!doctype html>")).toBe(true);
  },
  LONG,
);

test(
  "ordeal compare: reports of different machines are exit 3 with every field and both values",
  async () => {
    const [plain, forced] = await Promise.all([
      compare(path("before"), path("elsewhere"), "--json"),
      compare(path("before"), path("elsewhere"), "--force"),
    ]);
    expect(plain.code).toBe(3);
    const { verdict, differences, metrics } = JSON.parse(plain.out);
    expect({ verdict, metrics }).toEqual({ verdict: "incomparable", metrics: [] });
    expect(differences.toSorted()).toEqual([
      "cores: 2 in the base, 8 in the head",
      'cpu: "AMD EPYC 7R13 Processor" in the base, "Intel Xeon" in the head',
      'kernel: "6.8.0" in the base, "5.4.0" in the head',
    ]);
    // --force shows the figures, and changes nothing else.
    expect(forced.code).toBe(3);
    for (const field of differences) expect(forced.out).toContain(field);
    expect(forced.out).toMatch(/disk, 64 clients: throughput .*\/s /);
  },
  LONG,
);

test(
  "ordeal compare: a head that is wrong is exit 2; single runs prove nothing, with --strict exit 4",
  async () => {
    const [wrong, single, strict] = await Promise.all([
      compare(path("after"), path("wrong")),
      compare(path("single"), path("single")),
      compare(path("single"), path("single"), "--strict"),
    ]);
    expect([wrong.code, single.code, strict.code]).toEqual([2, 0, 4]);
    expect(single.out).toStartWith("? INCONCLUSIVE  compare put  ");
  },
  LONG,
);

test(
  "ordeal compare: damaged reports are exit 64, both named; so is a file that cannot be written",
  async () => {
    const [damaged, unwritable] = await Promise.all([
      compare(path("cut"), path("newer")),
      compare(path("before"), path("after"), "--junit", join(dir, "none", "c.xml")),
    ]);
    expect(damaged).toMatchObject({ code: 64, out: "" });
    expect(damaged.err).toStartWith(`cannot compare the reports\n  ${path("cut")}: not JSON: `);
    expect(damaged.err).toContain(
      `\n  ${path("newer")}: its schema is 2, this build reads 1\n    fix: `,
    );
    expect(damaged.err).not.toMatch(/^ +at .*:\d+:\d+/m);
    expect(unwritable).toMatchObject({ code: 64, out: "" });
  },
  LONG,
);

for (const [name, says] of Object.entries({
  otherConfig: "config.runs: nothing in the base, 3 in the head",
  otherTarget: 'target.name: "ordeal" in the base, "etcd" in the head',
  otherSuite: 'name: "put" in the base, "get" in the head',
}))
  test(`ordeal compare: not comparable, and by which field: ${name}`, async () => {
    const [base, head] = await readBoth([path("before"), path(name)]);
    const run = {
      runId: "r-1",
      startedAt: before.startedAt,
      durationMs: 1,
      command: "",
      force: false,
    };
    const { verdict, differences } = comparisonOfReports(base, head, run);
    expect({ verdict, differences }).toEqual({ verdict: "incomparable", differences: [says] });
  });

for (const [name, says] of Object.entries({
  cut: [": not JSON: "],
  empty: [": not JSON: "],
  newer: [": its schema is 2, this build reads 1"],
  types: [" at startedAt: not a time", " at seed: ", " at loads: "],
  comparison: [" at runId: is missing", " at name: is missing"],
  missing: [": ENOENT"],
}))
  test(`ordeal compare: what is wrong with a report is told, and where, and the fix: ${name}`, async () => {
    const error = await readBoth([path("before"), path(name)]).catch((thrown: unknown) => thrown);
    if (!(error instanceof UserError)) throw error;
    for (const text of says) expect(error.message).toContain(`\n  ${path(name)}${text}`);
    expect(error.message).toContain("\n    fix: ");
  });
