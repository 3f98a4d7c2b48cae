import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { KeptFailure } from "./sim/failing-run.ts";

const MAIN = join(import.meta.dir, "main.ts");
const PRELOAD = join(import.meta.dir, "mutants", "plant.ts");
const WITHIN_MS = 150_000;
const EVENTS_MAX = 12;

const dir = mkdtempSync(join(tmpdir(), "ordeal-shrink-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** Commits an entry of an older term by counting its copies (paper, figure 8). */
const FIGURE_8 = {
  file: "src/raft/commit.ts",
  find: " && s.log.termAt(index) === s.term",
  replace: "",
};

async function sim(args: readonly string[], planted: boolean) {
  const plant = join(dir, "plant.json");
  writeFileSync(plant, JSON.stringify([FIGURE_8]));
  const preload = planted ? ["--preload", PRELOAD] : [];
  const child = Bun.spawn([process.execPath, ...preload, MAIN, "sim", ...args], {
    env: { ...process.env, ORDEAL_PLANT: plant },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

type Result = {
  readonly verdict: string;
  readonly traceHash: string;
  readonly isRepeatable: boolean;
  readonly violation: { readonly invariant: string; readonly message: string } | null;
};

test(
  "sim: figure 8, planted, shrinks to at most 12 events that replay every time",
  async () => {
    const flags = ["--seed", "300", "--seeds", "500", "--nodes", "3", "--duration", "2s"];
    const found = await sim([...flags, "--reports", dir, "--json"], true);
    expect(found.code, found.err).toBe(2);
    const { kept, failure } = JSON.parse(found.out) as {
      readonly kept: KeptFailure;
      readonly failure: { readonly result: Result };
    };
    const invariant = failure.result.violation?.invariant;
    expect(invariant).toBe("QC");
    expect(kept.events).toBeLessThanOrEqual(EVENTS_MAX);
    expect(kept.eventsBefore).toBeGreaterThan(kept.events);
    expect(kept.story.length).toBeLessThanOrEqual(40);
    expect(dirname(kept.dir)).toBe(join(dir, "sim"));
    expect(existsSync(join(kept.dir, "story.html"))).toBe(true);
    expect(readFileSync(join(kept.dir, "story.txt"), "utf8")).toBe(`${kept.story.join("\n")}\n`);

    const again = async (planted: boolean) => {
      const { code, out } = await sim(["--replay", kept.schedule, "--json"], planted);
      return { code, ...(JSON.parse(out) as Result) };
    };
    const [once, twice, mended] = await Promise.all([again(true), again(true), again(false)]);
    expect(once).toEqual(twice);
    expect(once).toMatchObject({ code: 2, verdict: "fail", isRepeatable: true });
    expect(once.violation?.invariant).toBe("QC");
    expect(mended).toMatchObject({ code: 0, verdict: "pass", violation: null });
  },
  WITHIN_MS,
);

test(
  "sim: a schedule that cannot be run is the caller's mistake",
  async () => {
    const newer = join(dir, "newer.json");
    writeFileSync(newer, JSON.stringify({ schedule: { version: 9 } }));
    const both = await Promise.all([
      sim(["--replay", newer], false),
      sim(["--replay", join(dir, "nowhere.json")], false),
      sim(["--replay", newer, "--seed", "1"], false),
    ]);
    expect(both.map(({ code }) => code)).toEqual([64, 64, 64]);
    expect(both[0]!.err).toContain("schedule.version: is 9");
    expect(both[1]!.err).toContain("cannot read the schedule");
  },
  WITHIN_MS,
);
