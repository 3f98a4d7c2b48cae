import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byFolder, coverageTable, GATED, readLcov, tooLow } from "./coverage.ts";
import { sourceLines } from "./coverage-files.ts";

const lcov = (file: string, hits: readonly number[]): string =>
  `TN:\nSF:${file}\nFNF:1\nFNH:1\n${hits.map((n, i) => `DA:${i + 1},${n}\n`).join("")}LF:1\nLH:1\nend_of_record\n`;

/** Every gated folder with ten lines, `run` of which ran. */
const all = (run: number): string =>
  GATED.map((folder) =>
    lcov(
      `${folder}/a.ts`,
      Array.from({ length: 10 }, (_, i) => Number(i < run)),
    ),
  ).join("");

const sourcesOf = (...more: readonly [string, number][]): Map<string, number> =>
  new Map([...GATED.map((folder): [string, number] => [`${folder}/a.ts`, 12]), ...more]);

test("coverage: counts the lines that ran, by folder", () => {
  const folders = byFolder(readLcov(all(9)), sourcesOf());
  expect(folders.map(({ folder }) => folder)).toEqual([...GATED]);
  expect(folders.map(({ run, all }) => [run, all])).toEqual(GATED.map(() => [9, 10]));
  expect(tooLow(folders)).toEqual([]);
});

test("coverage: one folder below the limit fails, however good the others are", () => {
  const text = `${all(10)}${lcov("src/raft/b.ts", [1, 0, 0])}`;
  const folders = byFolder(readLcov(text), sourcesOf(["src/raft/b.ts", 3]));
  expect(tooLow(folders)).toEqual([{ folder: "src/raft", run: 11, all: 13 }]);
  expect(coverageTable(folders).filter((line) => line.includes("TOO LOW"))).toEqual([
    "src/raft           84.6 %  11/13 lines  at least 90 %: TOO LOW",
  ]);
});

test("coverage: a file that no test loaded counts as missed, one of types alone not at all", () => {
  const sources = sourcesOf(["src/kv/never.ts", 30], ["src/kv/types.ts", 0]);
  expect(tooLow(byFolder(readLcov(all(10)), sources))).toEqual([
    { folder: "src/kv", run: 10, all: 40 },
  ]);
});

test("coverage: tests and their helpers do not count, and other folders are told but not judged", () => {
  const text = `${all(10)}${lcov("src/kv/a.test.ts", [0])}${lcov("src/kv/testing/b.ts", [0])}${lcov("src/cli/c.ts", [0, 1])}`;
  const more = ["src/kv/a.test.ts", "src/kv/testing/b.ts", "src/cli/c.ts"];
  const folders = byFolder(
    readLcov(text),
    sourcesOf(...more.map((it): [string, number] => [it, 9])),
  );
  expect(tooLow(folders)).toEqual([]);
  expect(coverageTable(folders).at(-1)).toBe("src/cli            50.0 %  1/2 lines");
});

test("coverage: nothing counted is no pass", () => {
  expect(() => readLcov("")).toThrow("names no file");
  expect(tooLow(byFolder(readLcov(lcov("x.ts", [1])), new Map()))).toHaveLength(GATED.length);
});

test("coverage: what counts as code of a file that was not loaded", async () => {
  const dir = mkdtempSync(join(tmpdir(), "ordeal-coverage-"));
  try {
    mkdirSync(join(dir, "src"));
    await Bun.write(join(dir, "src/types.ts"), "/** Of ids. */\nexport type Id = number;\n");
    await Bun.write(
      join(dir, "src/code.ts"),
      "// why\nexport const f = (): number => {\n  return 1;\n};\n",
    );
    expect([...(await sourceLines(dir))]).toEqual([
      ["src/code.ts", 3],
      ["src/types.ts", 0],
    ]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
