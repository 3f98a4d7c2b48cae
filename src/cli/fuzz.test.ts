import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding } from "../check/fuzz/hunt.ts";
import type { SmallOp } from "../check/fuzz/small.ts";
import type { Tally } from "./fuzz/hunt.ts";
import { barLine } from "./fuzz/progress.ts";
import { documentOf, keepFindings, summaryOf } from "./fuzz/report.ts";
import { runOrdeal } from "./testing/ordeal.ts";

const fuzz = (...args: readonly string[]) => runOrdeal(["fuzz", ...args], { NO_COLOR: "1" });

test("ordeal fuzz checker: several processes do the same work as one", async () => {
  const args = ["checker", "--histories", "601", "--seed", "5", "--json"];
  const [one, two] = await Promise.all([
    fuzz(...args, "--jobs", "1"),
    fuzz(...args, "--jobs", "2"),
  ]);
  const documents = [one, two].map(({ out, err }) => {
    expect(err).toBe("");
    const { wallMs, perSecond, ...rest } = JSON.parse(out) as Record<string, unknown>;
    expect(wallMs).toBeGreaterThan(0);
    expect(perSecond).toBeGreaterThan(0);
    return rest;
  });
  expect(documents[0]).toEqual(documents[1]!);
  expect(documents[0]).toMatchObject({ verdict: "pass", histories: 601, disagreements: 0 });
  expect([one.code, two.code]).toEqual([0, 0]);
}, 60_000);

test("ordeal fuzz checker: one history is told in full; bad input is told, with what to write", async () => {
  const [one, bad] = await Promise.all([
    fuzz("checker", "--seed", "37", "--histories", "1"),
    fuzz("checker", "--histories", "many"),
  ]);
  expect(one.out).toMatch(/^seed 37, model [a-z-]+: (not )?linearizable, settled by [a-z]+\n/);
  expect(one.out).toContain("  client 0  ");
  expect(one.out).toContain("PASS  no disagreement on 1 history ");
  expect(bad.err).toContain("--histories is not a number");
  expect(bad.code).toBe(64);
}, 60_000);

const GET: SmallOp = {
  ...{ key: 0, op: "get", value: "v1", expected: -1, expectedValue: null, outcome: "ok" },
  ...{ version: 2, index: 9, call: 0, ret: 1 },
};
const FINDING: Finding = {
  ...{ seed: 4711, model: "kv", problem: "search says illegal, but it is not" },
  ...{ ops: [GET], drawn: [GET, { ...GET, call: 2, ret: 3 }] },
};
const TALLY: Tally = {
  counts: { histories: 50, legal: 30, illegal: 20, disagreements: 1, methods: { search: 50 } },
  findings: [FINDING],
  wallMs: 2000,
};

test("ordeal fuzz checker: a disagreement is told with the command that repeats it, and kept for the corpus", async () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-fuzz-"));
  try {
    const kept = await keepFindings(TALLY, join(dir, "kept"));
    expect(kept).toEqual([join(dir, "kept", "seed-4711.json")]);
    expect(JSON.parse(readFileSync(kept[0]!, "utf8"))).toEqual({
      reason: "seed 4711: search says illegal, but it is not",
      model: "kv",
      ops: [GET],
    });
    const text = summaryOf(TALLY, kept);
    expect(text).toContain("seed 4711, model kv: search says illegal, but it is not\n");
    expect(text).toContain("client 0  get k0 → v1, version 2  ├──┤  index 9\n");
    expect(text).toContain("repeat  ordeal fuzz checker --seed 4711 --histories 1\n");
    expect(text).toContain("FAIL  1 disagreement on 50 histories (30 linearizable, 20 not; 25 a ");
    expect(documentOf(TALLY, kept)).toMatchObject({
      ...{ verdict: "fail", disagreements: 1, perSecond: 25 },
      findings: [{ seed: 4711, kept: kept[0], repeat: expect.stringContaining("--seed 4711") }],
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  expect(barLine(TALLY, 100)).toBe(
    "███████████████░░░░░░░░░░░░░░░  50/100 histories · 25 a second · 1 wrong · 2 s left",
  );
});
