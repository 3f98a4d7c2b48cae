import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Run from "./run.ts";
import { drawSchedule } from "./swarm.ts";

/** What the simulator is made of and runs; the rest of src is not needed. */
const FOLDERS = "lib raft kv fault wire storage replica client history check sim".split(" ");
const ROOT = join(import.meta.dir, "../..");
const SEEDS_MAX = 200;

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-planted-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** The simulator on a copy of the product in which `find` is replaced; it must stand there once. */
async function planted(file: string, find: string, replace: string): Promise<typeof Run> {
  const copy = mkdtempSync(join(dir, "copy-"));
  for (const folder of FOLDERS) {
    cpSync(join(ROOT, "src", folder), join(copy, "src", folder), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  expect(text.split(find).length, `the patch does not fit ${file}`).toBe(2);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  return (await import(join(copy, "src/sim/run.ts"))) as typeof Run;
}

/** The invariant that the first failing seed breaks; null: none fails. */
function firstAlarm({ runSchedule }: typeof Run): string | null {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { violation } = runSchedule(drawSchedule(seed, { durationMs: 10_000 }));
    if (violation !== null) return violation.invariant;
  }
  return null;
}

test("simulator: finds a commit of an old term's entry (figure 8)", async () => {
  const file = "src/raft/commit.ts";
  const run = await planted(file, " && s.log.termAt(index) === s.term", "");
  expect(firstAlarm(run)).toBe("QC");
});

test("simulator: finds reads that ask nobody", async () => {
  const find = "if (seq > confirmed || index > s.log.commitIndex) break;";
  const run = await planted("src/raft/propose.ts", find, "if (index > s.log.commitIndex) break;");
  expect(firstAlarm(run)).toBe("RI");
});

test("simulator: finds messages that do not wait for the disk", async () => {
  const find = "this.#held[0]!.until <= this.#durableSeq";
  const run = await planted("src/replica/replica.ts", find, "true");
  expect(firstAlarm(run)).toBe("DUR");
});

test("simulator: finds retries that are applied twice", async () => {
  const run = await planted("src/kv/sessions.ts", "if (seq === last) {", "if (seq < 0) {");
  expect(["LIN", "RI"]).toContain(firstAlarm(run) ?? "nothing");
});
