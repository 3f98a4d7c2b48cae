import { Glob } from "bun";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runSchedule } from "./run.ts";
import { parseScheduleFile } from "./schedule-file.ts";

const DIR = join(import.meta.dir, "corpus");
const files = [...new Glob("*.json").scanSync(DIR)].sort();

// Each schedule once broke an invariant, of a product or of a mutant, as its `reason` says. Schedules
// and not seeds, because a seed draws another schedule when the code that draws changes.
test("corpus: every schedule says why it is there", () => {
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const { reason, violation } = parseScheduleFile(readFileSync(join(DIR, file), "utf8"), file);
    expect(reason.length, file).toBeGreaterThan(20);
    expect(violation, file).not.toBeNull();
  }
});

for (const file of files) {
  test(`corpus: ${file} passes, and is the same run twice`, () => {
    const { schedule } = parseScheduleFile(readFileSync(join(DIR, file), "utf8"), file);
    const { verdict, violation, traceHash } = runSchedule(schedule);
    expect({ verdict, violation }).toEqual({ verdict: "pass", violation: null });
    expect(runSchedule(schedule).traceHash).toBe(traceHash);
  });
}
