import { Glob } from "bun";
import { expect, test } from "bun:test";
import { readAny } from "../history/readers/read.ts";
import { checkHistory } from "./check.ts";

/** Porcupine's own test data, with the verdicts it comes with (testdata/porcupine/README.md). */
const DATA = `${import.meta.dir}/testdata/porcupine`;
const LINEARIZABLE = new Set(
  ["002", "005", "007", "018", "025", "031", "038", "045", "048", "049", "051", "053", "056"].map(
    (number) => `etcd_${number}.log`,
  ),
);
/** Enough for any machine: an unknown verdict fails the test. */
const LIMITS = { now: () => performance.now(), timeoutMs: 60_000, memoryBytes: 1 << 30 };

async function verdictOf(file: string): Promise<string> {
  const { history, format } = readAny(await Bun.file(`${DATA}/${file}`).bytes(), file);
  expect(format).toBe(file.endsWith(".log") ? "porcupine-etcd" : "porcupine-kv");
  const result = checkHistory(history, LIMITS);
  if (result.kind === "fail") expect(result.core.length).toBeGreaterThan(0);
  return `${file} ${result.kind}`;
}

const filesOf = (pattern: string): readonly string[] =>
  [...new Glob(pattern).scanSync(DATA)].toSorted();

test("porcupine: all 60 etcd logs have the verdict they are known for", async () => {
  const files = filesOf("etcd_*.log");
  expect(files.length).toBe(60);
  const expected = files.map((file) => `${file} ${LINEARIZABLE.has(file) ? "pass" : "fail"}`);
  expect(await Promise.all(files.map(verdictOf))).toEqual(expected);
});

test("porcupine: the key-value logs have the verdict that their name tells", async () => {
  const files = filesOf("c*.txt");
  expect(files.length).toBe(4);
  const expected = files.map((file) => `${file} ${file.endsWith("-ok.txt") ? "pass" : "fail"}`);
  expect(await Promise.all(files.map(verdictOf))).toEqual(expected);
});
