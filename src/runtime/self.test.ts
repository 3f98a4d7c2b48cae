import { Glob } from "bun";
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OWN_ROOT, ownCommand, ownEnv, PROGRAMS, WORKERS } from "./self.ts";

/** Not of the binary: tools of this repository, and mutants, which patch sources as they are loaded. */
const FROM_SOURCES = /^src\/(cli\/dev\/|runtime\/self\.ts|cli\/mutants\/hunt\.ts)/;

test("self: every program and worker is a module of ours", () => {
  for (const path of [...Object.values(PROGRAMS), ...Object.values(WORKERS)]) {
    expect([path, existsSync(join(OWN_ROOT, path))]).toEqual([path, true]);
  }
});

test("self: from sources a program is run by bun; another revision's by the same", () => {
  const [bun, path, ...args] = ownCommand("node", ["spec"]);
  expect([bun, path, args]).toEqual([process.execPath, join(OWN_ROOT, PROGRAMS.node), ["spec"]]);
  expect(ownCommand("ordeal", [], "/other")[1]).toBe(join("/other", PROGRAMS.ordeal));
  expect([ownEnv(), ownEnv("/other")]).toEqual([{}, {}]);
});

test("self: nothing else starts us by path, which a compiled binary could not", () => {
  const files = [...new Glob("{src,bench,chaos}/**/*.ts").scanSync(OWN_ROOT)].filter(
    (file) => !/\.test\.ts$|\/testing\//.test(file) && !FROM_SOURCES.test(file),
  );
  expect(files.length).toBeGreaterThan(500);
  const starts = /process\.execPath|new Worker\(|Bun\.argv|Bun\.main/;
  const found = files.filter((file) => starts.test(readFileSync(join(OWN_ROOT, file), "utf8")));
  expect(found).toEqual([]);
});
