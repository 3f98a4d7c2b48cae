import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseReport } from "../report/validate.ts";

const TINY = join(import.meta.dir, "testing/suites/tiny.ts");
const BROKEN = join(import.meta.dir, "testing/suites/broken.ts");

let reports = "";
beforeAll(async () => {
  reports = await mkdtemp(join(tmpdir(), "ordeal-bench-cli-"));
});
afterAll(() => rm(reports, { recursive: true, force: true }));

function bench(...args: readonly string[]) {
  const main = join(import.meta.dir, "main.ts");
  const run = Bun.spawnSync([process.execPath, main, "bench", ...args]);
  return { exit: run.exitCode, out: run.stdout.toString(), err: run.stderr.toString() };
}

const LONG = 120_000;

test(
  "ordeal bench run of figures: a table with goals and marks, a report, and how to repeat it",
  async () => {
    const { exit, out, err } = bench("run", TINY, "--seed", "3", "--reports", reports);
    expect(exit).toBe(0); // A missed goal is shown, and that is all.
    expect(err).toContain("counting …");
    expect(out).toMatch(/a multiplication .* ✔ met +of 3 samples/);
    expect(out).toMatch(/what cannot be +1 MiB\/s +≥ 2 MiB\/s +✘ missed/);
    expect(out).toContain(`repeat  ordeal bench run ${TINY} --seed 3\n`);
    const html = /^report {2}(.*)$/m.exec(out)![1]!;
    expect(await Bun.file(html).text()).toContain("what cannot be");
    const json = join(dirname(html), "report.json");
    const report = parseReport(await Bun.file(json).text(), json);
    expect(report).toMatchObject({ kind: "bench", name: "tiny", verdict: "pass", seed: 3 });
    expect(report.figures?.map(({ name }) => name)).toEqual([
      ...["a multiplication", "what cannot be", "in full"],
    ]);
    expect(existsSync(join(dirname(html), "work"))).toBe(false);
  },
  LONG,
);

test(
  "ordeal bench run --require-goals: a missed goal is exit code 1; --json is one document",
  () => {
    const flags = ["--quick", "--require-goals", "--json", "--reports", reports];
    const { exit, out } = bench("run", TINY, ...flags);
    expect(exit).toBe(1);
    const { suites } = JSON.parse(out);
    expect(suites).toMatchObject([{ name: "tiny", verdict: "fail", goals: { met: 1, missed: 1 } }]);
    expect(suites[0].figures.map(({ met }: { met: boolean | null }) => met)).toEqual([
      ...[true, false, null],
    ]);
    expect(suites[0].figures[2].name).toBe("quick");
  },
  LONG,
);

test(
  "ordeal bench run: a suite that fails says why and how to repeat it, and leaves no data",
  () => {
    const { exit, out, err } = bench("run", BROKEN, "--reports", reports);
    expect({ exit, out }).toEqual({ exit: 70, out: "" });
    expect(err).toContain("the disk is made of cheese");
    expect(err).toContain(`repeat  ordeal bench run ${BROKEN} --seed 1`);
  },
  LONG,
);

test(
  "ordeal bench list: suites of both kinds; an unknown one is bad input with the nearest name",
  () => {
    const { suites } = JSON.parse(bench("list", "--json").out);
    expect(suites).toContainEqual(expect.objectContaining({ name: "put", kind: "load" }));
    expect(suites).toContainEqual(expect.objectContaining({ name: "storage", kind: "figures" }));
    const unknown = bench("run", "storag");
    expect(unknown.exit).toBe(64);
    expect(unknown.err).toContain('did you mean "storage"?');
    expect(bench("run", join(import.meta.dir, "table.ts")).exit).toBe(64);
  },
  LONG,
);
