import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMutants } from "./mutants/catalogue.ts";
import { huntMutant } from "./mutants/hunt.ts";
import { planted, runOrdeal } from "./testing/ordeal.ts";

const WITHIN_MS = 150_000;

const dir = mkdtempSync(join(tmpdir(), "ordeal-crashpoints-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** `mutant`: planted in every process of the run. */
async function crashpoints(args: readonly string[], mutant: string | null = null) {
  const patched =
    mutant === null
      ? {}
      : await planted((await findMutants([mutant]))[0]!.patches, join(dir, `${mutant}.json`));
  return runOrdeal(["crashpoints", ...args], { NO_COLOR: "1", ...patched });
}

test(
  "ordeal crashpoints: one point each way passes, in any number of processes",
  async () => {
    const args = ["--point", "150", "--json"];
    const runs = await Promise.all([
      crashpoints([...args, "--jobs", "1"]),
      crashpoints([...args, "--jobs", "2"]),
    ]);
    expect(runs.map(({ code, err }) => [code, err])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    const [one, two] = runs.map(({ out }) => ({ ...JSON.parse(out), wallMs: 0 }));
    expect(one).toEqual(two);
    expect(one).toMatchObject({ verdict: "pass", runs: 12, failures: 0, failure: null });
  },
  WITHIN_MS,
);

test(
  "ordeal crashpoints: one cut alone is told as a story",
  async () => {
    const cut = ["--point", "150", "--outcome", "torn", "--power", "all"];
    const { code, out } = await crashpoints(cut);
    expect(out).toContain("loses power");
    expect(out).toContain("PASS  ");
    expect(code).toBe(0);
  },
  WITHIN_MS,
);

for (const mutant of ["follower-ack-before-fsync", "leader-self-ack-before-fsync"]) {
  test(
    `ordeal crashpoints: fails with ${mutant} planted, and again by the command it prints`,
    async () => {
      const { code, out } = await crashpoints(["--jobs", "1"], mutant);
      expect([code, out.includes("FAIL  ")]).toEqual([2, true]);
      const repeat = /^repeat {2}ordeal crashpoints (.*)$/m.exec(out)?.[1];
      const again = await crashpoints(repeat!.split(" "), mutant);
      expect(again.code).toBe(2);
      expect((await crashpoints(repeat!.split(" "))).code).toBe(0);
    },
    WITHIN_MS,
  );
}

test(
  "ordeal mutants --arena crashpoints: a write that was acknowledged too early is lost",
  async () => {
    const [mutant] = await findMutants(["follower-ack-before-fsync"]);
    const limits = { starts: 1, seedsMax: 2_000, wallMsMax: WITHIN_MS };
    const finding = await huntMutant({ ...mutant!, arena: { kind: "crashpoints" } }, limits);
    expect(finding.detected, JSON.stringify(finding)).toBe(true);
    // It is the loss that is seen, not that there could be one.
    expect(["DUR", "QC"]).not.toContain(finding.detector!);
  },
  2 * WITHIN_MS,
);

test(
  "ordeal crashpoints: a point that there is not is the caller's mistake",
  async () => {
    const { code, err } = await crashpoints(["--point", "1000000"]);
    expect(err).toContain("--point");
    expect(code).toBe(64);
  },
  WITHIN_MS,
);
