import { expect, test } from "bun:test";
import type { Finding } from "./hunt.ts";
import { type MatrixDocument, matrixMarkdown, matrixTable, summary } from "./matrix.ts";

const found: Finding = {
  ...{ row: 3, name: "vote-count-duplicates", detected: true, detector: "ES" },
  ...{ detectors: { ES: 2, LC: 1 }, schedulesMedian: 4, schedulesWorst: 9, wallMs: 812 },
  ...{ seed: 7, message: "nodes 1 and 2 both lead term 3" },
};
const missed: Finding = {
  ...{ row: 46, name: "lease-clock", detected: false, detector: "RI", detectors: { RI: 1 } },
  ...{ schedulesMedian: null, schedulesWorst: null, wallMs: 60_000, seed: 8, message: "" },
};
const document: MatrixDocument = {
  command: "ordeal mutants",
  mutants: [found, missed, { ...found, row: 46, name: "lease-kept-on-transfer" }],
  falseAlarms: 0,
  cleanSeeds: 100,
};

test("matrix: a mutant that some hunts missed counts as not detected, its row as long as one is", () => {
  expect(summary(document)).toBe(
    "2 of 3 mutants detected (2 of 2 bugs); 0 false alarms in 100 schedules of the product as it is",
  );
  expect(summary({ ...document, mutants: [found, missed] })).toContain("(1 of 2 bugs)");
});

test("matrix: table and page name bug, detector and schedules", () => {
  expect(matrixTable(document)).toContain("lease-clock             NOT DETECTED");
  expect(matrixMarkdown(document)).toMatch(
    /^\| 3 +\| vote-count-duplicates +\| ES +\| 4 +\| 9 +\| 812 +\| ES 2, LC 1 +\|$/m,
  );
});
