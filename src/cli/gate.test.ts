import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Comparison } from "../report/compare/comparison.ts";
import { readLines } from "../target/json-lines.ts";
import { git } from "./gate/git.ts";
import { plant, STALE_READS } from "./gate/planted.ts";

const MAIN = join(import.meta.dir, "main.ts");
const LOCAL = join(import.meta.dir, "..", "target", "local.ts");
const WITHIN_MS = 120_000;

/**
 * A repository of its own whose target is Ordeal's store: as it is at HEAD~1, and with nodes that
 * answer gets from their own state at HEAD.
 */
let dir = "";
let repository = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "ordeal-gate-test-"));
  repository = join(dir, "repository");
  const planted = join(dir, "planted");
  plant(STALE_READS, planted);
  Bun.spawnSync(["git", "init", "-q", "-b", "main", repository]);
  commit(`export { localTarget as target } from ${JSON.stringify(LOCAL)};`);
  commit(
    `import { localTargetAt } from ${JSON.stringify(LOCAL)};\n` +
      `export default localTargetAt(${JSON.stringify(planted)});`,
  );
  writeFileSync(join(repository, "little.ts"), SUITE);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function commit(target: string): void {
  writeFileSync(join(repository, "target.ts"), target);
  for (const args of [
    ["add", "-A"],
    ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "target"],
  ]) {
    const { ok, err } = git(repository, args);
    if (!ok) throw new Error(err);
  }
}

/** Every client asks its own node first, and few keys change all the time. */
const SUITE = `
import { defineLoadSuite, PUT_LOAD } from ${JSON.stringify(join(import.meta.dir, "..", "bench", "dsl.ts"))};
const mix = { ...PUT_LOAD.mix, get: 0.5, put: 0.5 };
const load = { ...PUT_LOAD, clients: 12, connections: 12, keys: 4, mix, homeShare: 1 };
const cluster = { nodes: 3, storage: "memory" };
export default defineLoadSuite({
  name: "little", about: "a little", warmupMs: 100, measureMs: 800, runs: 1,
  cases: [{ name: "little", cluster, load }],
});
`;

function gate(...args: readonly string[]) {
  return Bun.spawn([process.execPath, MAIN, "gate", ...args, "--reports", join(dir, "reports")], {
    ...{ cwd: repository, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    env: { ...process.env, CI: "true", GITHUB_ACTIONS: undefined },
  });
}

const LITTLE = ["--suite", "./little.ts", "--target", "target.ts", "--seed", "1"];

/** Of nodes and generators of a gate whose data are below `dir`. */
function processesLeft(): readonly string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(dir);
    } catch {
      return false;
    }
  });
}

function expectNothingLeft(): void {
  expect(git(repository, ["worktree", "list"]).out.trim().split("\n").length).toBe(1);
  const work = readdirSync(join(dir, "reports")).filter((name) => name.startsWith("."));
  expect(work).toEqual([]);
  expect(processesLeft()).toEqual([]);
}

test(
  "gate: a head that is not linearizable fails with 2 after the first pair, and every document tells",
  async () => {
    const child = gate("--base", "HEAD~1", "--head", "HEAD", ...LITTLE, "--json");
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect(await child.exited, err).toBe(2);
    const comparison = JSON.parse(out) as Comparison;
    expect(comparison).toMatchObject({ schema: 1, mode: "paired", verdict: "violated" });
    expect(comparison.sessions[0]!.pairs).toBe(1);
    expect(comparison.command).toBe(
      "ordeal gate --base HEAD~1 --head HEAD --seed 1 --suite ./little.ts --target target.ts",
    );
    const failed = comparison.checks.find(({ verdict }) => verdict === "fail");
    expect(failed!.name).toBe("linearizable");
    expect(failed!.evidence.length).toBeGreaterThan(1);
    expect(comparison.base.code.commit).not.toBe(comparison.head.code.commit);
    expect(comparison.head.curves[0]!.curve.length).toBeGreaterThan(0);
    expect(comparison.metrics.map(({ metric }) => metric.name)).toContain("little: p50");
    const folder = join(dir, "reports", "compare", comparison.runId);
    expect(JSON.parse(readFileSync(join(folder, "comparison.json"), "utf8"))).toEqual(comparison);
    for (const extension of ["md", "xml", "html"]) {
      expect(readFileSync(join(folder, `comparison.${extension}`), "utf8")).not.toBe("");
    }
    expect(err).toContain("12 pairs × 2 arms × 1 case");
    expectNothingLeft();
  },
  WITHIN_MS,
);

test(
  "gate: Ctrl-C ends it with 130, and leaves no process, checkout or data",
  async () => {
    const child = gate("--base", "HEAD~1", "--head", "HEAD~1", ...LITTLE);
    for await (const line of readLines(child.stderr)) {
      if (line.includes("pair 1 of 12")) break;
    }
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expectNothingLeft();
  },
  WITHIN_MS,
);

test(
  "gate: what cannot be compared is named, and ends it with 64",
  async () => {
    const cases = [
      [[], "--base: is missing"],
      [["--base", "mian", ...LITTLE], 'did you mean "main"?'],
      [["--base", "HEAD", "--suite", "./little.ts"], "no nodes that this program starts"],
      [["--base", "HEAD", "--target", "none.ts"], "the base has no such file"],
      [["--base", "HEAD", "--target", "little.ts"], "has no such file"],
      [["--base", "HEAD", "--suite", "storage"], "puts no cluster under load"],
      [["--base", "HEAD", "--pairs", "3", ...LITTLE], "cannot tell 3 gated metrics from chance"],
      [["aa"], "ordeal gate --self-test aa"],
    ] as const;
    const ends = cases.map(async ([args, complaint]) => {
      const child = gate(...args);
      const err = await child.stderr.text();
      expect(await child.exited, `${args.join(" ")}\n${err}`).toBe(64);
      expect(err).toContain(complaint);
    });
    await Promise.all(ends);
    expect(git(repository, ["worktree", "list"]).out.trim().split("\n").length).toBe(1);
  },
  WITHIN_MS,
);
