import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { version } from "../../package.json";
import { encodeHistory } from "../check/testing/encode.ts";
import { synthesize } from "../check/testing/synthetic.ts";
import { ownModules } from "../lib/own-modules.ts";
import { isInContext, parseDockerfile } from "./dev/deploy/dockerfile.ts";

// The binary of `npm run build`, made of what the Dockerfile copies, and run away from it: whatever it needs is
// within it.

const ROOT = join(import.meta.dir, "../..");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

let dir: string;
let binary: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-compiled-"));
  binary = join(dir, "bin", "ordeal");
  const context = join(dir, "context");
  copyContext(context);
  const build = join(context, "src/cli/dev/build.ts");
  const made = Bun.spawn([process.execPath, build, binary], {
    env: { ...process.env, ORDEAL_COMMIT: COMMIT },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = await made.stderr.text();
  if ((await made.exited) !== 0) throw new Error(`the binary was not built: ${said}`);
  rmSync(context, { recursive: true });
}, 60_000);

afterAll(() => {
  const left = processesOf(binary);
  rmSync(dir, { recursive: true, force: true });
  expect(left).toEqual([]);
});

/** What an image is built of. */
function copyContext(to: string): void {
  const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
  const [build] = parseDockerfile(read("deploy/Dockerfile"));
  const ignore = read(".dockerignore");
  const copied = build!.instructions.filter(({ name }) => name === "COPY");
  for (const path of copied.flatMap(({ words }) => words.slice(0, -1))) {
    const filter = (from: string): boolean => isInContext(relative(ROOT, from), ignore);
    cpSync(join(ROOT, path), join(to, path), { recursive: true, filter });
  }
  symlinkSync(join(ROOT, "node_modules"), join(to, "node_modules"), "dir");
}

/** Processes whose program is this file; only Linux tells. */
function processesOf(path: string): readonly string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readlinkSync(`/proc/${name}/exe`) === path;
    } catch {
      return false; // Not ours, or it has ended.
    }
  });
}

type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** Runs it with nothing in the environment that leads to the sources or to bun. */
async function run(...args: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([binary, ...args], {
    cwd: dir,
    env: { PATH: "/usr/bin:/bin", HOME: dir, TMPDIR: dir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}

async function passes(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(...args);
  if (code !== 0) throw new Error(`ordeal ${args.join(" ")} ended with ${code}: ${out}${err}`);
  return out;
}

const names = (list: readonly { readonly name: string }[]): string[] =>
  list.map(({ name }) => name);
const nameOf = (file: string): string => file.replace(/\.ts$/, "");

test("binary: tells its version, its scenarios, suites and mutants", async () => {
  expect((await passes("--version")).trim()).toBe(version);
  const { scenarios } = JSON.parse(await passes("chaos", "list", "--json"));
  expect(names(scenarios)).toEqual(ownModules("chaos").map(nameOf));
  const { suites } = JSON.parse(await passes("bench", "list", "--json"));
  expect(names(suites)).toEqual(ownModules("bench").map(nameOf));
  const mutants = await passes("mutants", "--list");
  for (const file of ownModules("chaos/mutants")) expect(mutants).toContain(nameOf(file));
  const completed = await passes("--get-yargs-completions", "ordeal", "chaos", "run", "brid");
  expect(completed).toContain("bridge");
}, 60_000);

test("binary: a cluster starts, is loaded, checked and stopped", async () => {
  const started = JSON.parse(await passes("cluster", "start", "-n", "3", "--dir", "c", "--json"));
  expect(started.nodes).toHaveLength(3);
  if (process.platform === "linux") expect(processesOf(binary).length).toBeGreaterThanOrEqual(4);
  try {
    const load = ["--clients", "4", "--warmup", "1ms", "--duration", "500ms", "--history", "h.bin"];
    // Where nothing succeeds in so short a time, it says so with 3; what it did is checked all the same.
    expect([0, 3]).toContain((await run("load", "--dir", "c", ...load)).code);
    expect(await passes("check", "h.bin")).toContain("PASS");
  } finally {
    await passes("cluster", "stop", "--dir", "c");
  }
}, 60_000);

test("binary: a scenario runs on nodes, proxies and a generator, and its report is written", async () => {
  const command = ["chaos", "run", "bridge", "--duration", "2s", "--seed", "1", "--json"];
  const { code, out, err } = await run(...command, "--reports", "r");
  // A slow machine may leave it vacuous, or recover too late; what is tested is that all of it runs.
  if (![0, 2, 3].includes(code)) throw new Error(`ended with ${code}: ${out}${err}`);
  const [first] = JSON.parse(out).runs;
  for (const name of ["linearizable", "no-lost-acks", "no-process-left"]) {
    expect(first.checks).toContainEqual(expect.objectContaining({ name, verdict: "pass" }));
  }
  const page = await Bun.file(join(dir, first.html)).text();
  expect([page.startsWith("<!doctype html>"), page.includes("uPlot")]).toEqual([true, true]);
  const report = await Bun.file(join(dir, first.html, "../report.json")).json();
  expect(report.code).toEqual({ commit: COMMIT, dirty: false });
}, 60_000);

test("binary: the simulator and the checker run in processes and workers of their own", async () => {
  await passes("sim", "--seeds", "2", "--jobs", "2", "--nodes", "3");
  await passes("fuzz", "checker", "--histories", "20", "--jobs", "2");
  // Each of its keys takes longer than what is tried before a worker is started.
  const hard = {
    operations: 60_000,
    clients: 12,
    keys: 3,
    values: 2,
    versioned: 0.3,
    deletes: 0.1,
  };
  writeFileSync(join(dir, "hard.bin"), encodeHistory(synthesize({ ...hard, pending: 0.05 })));
  expect(await passes("check", "hard.bin")).toContain("exact search: 3 keys");
}, 60_000);

test("binary: has the data that a suite reads", async () => {
  const { code, out, err } = await run(
    "bench",
    "measure",
    "check",
    "--quick",
    "--dir",
    "w",
    "--seed",
    "1",
  );
  if (code !== 0) throw new Error(`ended with ${code}: ${out}${err}`);
  const { figures } = JSON.parse(out);
  expect(figures).toContainEqual(
    expect.objectContaining({ name: "public data: verdicts that are wrong", value: 0 }),
  );
}, 60_000);

test("binary: what needs the sources says so", async () => {
  const { code, err } = await run("mutants", "vote-no-fsync");
  expect(code).toBe(64);
  expect(err).toContain("a compiled binary has none");
}, 60_000);

test("binary: the dashboard serves its page, script and styles", async () => {
  const child = Bun.spawn([binary, "dashboard", "--no-open", "--port", "0"], {
    cwd: dir,
    env: { PATH: "/usr/bin:/bin", HOME: dir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    let said = "";
    for await (const chunk of child.stdout) {
      said += new TextDecoder().decode(chunk);
      if (/http:\S+\n/.test(said)) break;
    }
    const url = /http:\S+/.exec(said)![0];
    const page = await (await fetch(url)).text();
    const parts = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
    expect(parts.length).toBeGreaterThanOrEqual(2);
    for (const path of parts) expect((await fetch(new URL(path, url))).status).toBe(200);
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}, 60_000);
