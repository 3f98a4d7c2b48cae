import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { isFree } from "../runtime/free-ports.ts";
import { configFile, type LocalOptions, newConfig, prepareDir, writeConfig } from "./local-dir.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-dir-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const options = (changes: Partial<LocalOptions> = {}): LocalOptions => ({
  nodes: 3,
  storage: "disk",
  dir: join(dir, "cluster"),
  faultyLinks: false,
  seed: 1,
  ...changes,
});

/** Each problem as "where: what". */
function problemsOf(changes: Partial<LocalOptions>): string[] {
  try {
    prepareDir(options(changes));
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ where, what }) => `${where}: ${what}`);
  }
}

test("prepareDir: a fresh directory is created and left empty", () => {
  expect(prepareDir(options())).toBeNull();
  expect(readdirSync(join(dir, "cluster"))).toEqual([]);
});

test("prepareDir: the number of nodes is 1 to 9", () => {
  for (const nodes of [0, 10, 2.5, -1, NaN]) expect(problemsOf({ nodes }).length).toBe(1);
  for (const nodes of [1, 9]) expect(problemsOf({ nodes })).toEqual([]);
});

test("prepareDir: all problems at once, a file in the way among them", () => {
  const file = join(dir, "file");
  writeFileSync(file, "kept");
  const problems = problemsOf({ dir: join(file, "cluster"), nodes: 12 });
  expect(problems.length).toBe(2);
  expect(problems[1]).toContain(file);
  expect(readFileSync(file, "utf8")).toBe("kept");
});

test("prepareDir: a base port in use, or without room, is refused by name", () => {
  const socket = { data() {} };
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
  const basePort = server.port - 4;
  expect(problemsOf({ basePort })).toContain(
    `port ${server.port}: is in use, or not allowed to this user`,
  );
  server.stop(true);
  expect(problemsOf({ basePort: 65_530 })).toEqual(["base port: 65530 leaves no room for 9 ports"]);
});

test("prepareDir: data of another number of nodes or storage are refused and untouched", () => {
  prepareDir(options());
  const config = newConfig(options(), null);
  writeConfig(config);
  const before = readFileSync(configFile(config.dataDir), "utf8");
  expect(prepareDir(options())).toEqual(config);
  expect(problemsOf({ nodes: 5 })[0]).toContain("the data are of 3 nodes, not 5");
  expect(problemsOf({ nodes: 5, storage: "memory" }).length).toBe(2);
  expect(readFileSync(configFile(config.dataDir), "utf8")).toBe(before);
  expect(existsSync(`${configFile(config.dataDir)}.new`)).toBe(false);
});

test("newConfig: ports are free and distinct; a second start keeps cluster id and ports", () => {
  const first = newConfig(options(), null);
  const ports = first.nodes.flatMap((n) => [n.peerPort, n.clientPort, n.httpPort]);
  expect(new Set(ports).size).toBe(9);
  expect(ports.every(isFree)).toBe(true);
  expect(newConfig(options(), first)).toEqual(first);
  const socket = { data() {} };
  const taken = Bun.listen({ hostname: "127.0.0.1", port: ports[4]!, socket });
  const second = newConfig(options(), first);
  taken.stop(true);
  expect(second.clusterId).toBe(first.clusterId);
  expect(second.nodes[1]!.clientPort).not.toBe(ports[4]);
});
