import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newAaDocument, readThresholds } from "./thresholds.ts";

const dir = mkdtempSync(join(tmpdir(), "ordeal-aa-"));
afterAll(() => rmSync(dir, { recursive: true }));

const document = newAaDocument({
  ...{ command: "ordeal gate --calibrate", startedAt: "2026-01-01T00:00:00.000Z", suite: "gate" },
  ...{ pairs: 24, thresholds: { "a: p50": 0.2 } },
});

function file(content: unknown): string {
  const path = join(dir, "aa.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("A/A thresholds: those of this machine and suite are used; others are not, and it says why", () => {
  expect(readThresholds(file(document), "gate").thresholds).toEqual({ "a: p50": 0.2 });
  const elsewhere = { ...document, environment: { ...document.environment, cpu: "another" } };
  expect(readThresholds(file(elsewhere), "gate")).toMatchObject({ thresholds: {} });
  expect(readThresholds(file(elsewhere), "gate").about).toContain("another machine (cpu)");
  expect(readThresholds(file(document), "put").about).toContain("another suite");
});

test("A/A thresholds: a file that is none, or of another schema, is named", () => {
  for (const bad of ["{", { ...document, schema: 2 }, { ...document, thresholds: {} }, null]) {
    expect(() => readThresholds(file(bad), "gate")).toThrow("aa.json");
  }
  expect(() => readThresholds(join(dir, "none.json"), "gate")).toThrow("none.json");
});
