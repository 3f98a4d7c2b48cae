import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { type Checkouts, openCheckouts } from "./checkouts.ts";
import { git } from "./git.ts";
import { installPackages } from "./install.ts";

let repository = "";
let opened: Checkouts[] = [];
const NEVER = new AbortController().signal;

function run(...args: readonly string[]): string {
  const { ok, out, err } = git(repository, args);
  if (!ok) throw new Error(`git ${args.join(" ")}: ${err}`);
  return out.trim();
}

function commit(file: string, text: string): string {
  writeFileSync(join(repository, file), text);
  run("add", "-A");
  run("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", file);
  return run("rev-parse", "HEAD");
}

function open(dir = repository): Checkouts {
  const checkouts = openCheckouts(dir);
  opened.push(checkouts);
  return checkouts;
}

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "ordeal-repository-"));
  run("init", "-q", "-b", "main");
});
afterEach(() => {
  for (const checkouts of opened.splice(0)) checkouts.remove();
  rmSync(repository, { recursive: true, force: true });
});

function problemOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return expect.unreachable();
}

test("checkout: each revision in a worktree of its own; what hooks would do is not done; nothing is left", () => {
  const first = commit("store.txt", "one");
  commit("store.txt", "two");
  const hook = join(repository, ".git", "hooks", "post-checkout");
  writeFileSync(hook, "#!/bin/sh\ntouch hooked\n", { mode: 0o755 });
  const checkouts = open();
  const base = checkouts.add("base", "HEAD~1");
  const head = checkouts.add("head", "main");
  expect(base).toMatchObject({ label: "HEAD~1", code: { commit: first, dirty: false } });
  expect(readFileSync(join(base.root, "store.txt"), "utf8")).toBe("one");
  expect(readFileSync(join(head.root, "store.txt"), "utf8")).toBe("two");
  expect(existsSync(join(base.root, "hooked"))).toBe(false);
  checkouts.remove();
  expect(existsSync(base.root)).toBe(false);
  expect(run("worktree", "list").split("\n").length).toBe(1);
  checkouts.remove();
});

test("checkout: the working tree as it is, with changes and new files, without what is ignored or gone", () => {
  commit(".gitignore", "ignored\n");
  commit("gone", "x");
  const at = commit("kept", "x");
  rmSync(join(repository, "gone"));
  for (const name of ["kept", "new", "ignored"]) writeFileSync(join(repository, name), "changed");
  const head = open().add("head", ".");
  expect(head.code).toEqual({ commit: at, dirty: true });
  expect(head.label).toBe(`working tree (${at.slice(0, 8)} with changes)`);
  expect(readFileSync(join(head.root, "kept"), "utf8")).toBe("changed");
  const has = (name: string) => existsSync(join(head.root, name));
  expect(["new", "gone", "ignored"].map(has)).toEqual([true, false, false]);
});

test("checkout: a revision that git does not know is named, with the nearest, and so is what is no repository", () => {
  commit("store.txt", "one");
  expect(problemOf(() => open().add("base", "mian"))).toMatch(
    /--base: git knows no commit "mian"\n +fix: did you mean "main"\?/,
  );
  expect(problemOf(() => open().add("base", "--help"))).toContain('no commit "--help"');
  const outside = mkdtempSync(join(tmpdir(), "ordeal-no-repository-"));
  try {
    expect(problemOf(() => open(outside))).toContain("not a git repository");
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test("checkout: what a gate left that was killed is taken away by the next; those of others stay", () => {
  commit("store.txt", "one");
  // No process has a pid beyond the kernel's largest.
  const left = mkdtempSync(join(tmpdir(), "ordeal-gate-4194305-"));
  const others = mkdtempSync(join(tmpdir(), "ordeal-others-"));
  try {
    run("worktree", "add", "-q", "--detach", join(left, "base"));
    run("worktree", "add", "-q", "--detach", join(others, "base"));
    open();
    expect(existsSync(left)).toBe(false);
    expect(existsSync(join(others, "base"))).toBe(true);
    expect(run("worktree", "list").split("\n").length).toBe(2);
  } finally {
    rmSync(left, { recursive: true, force: true });
    rmSync(others, { recursive: true, force: true });
  }
});

/** A package with one dependency, next to it, and the lock file that bun writes. */
function lockedPackage(): string {
  writeFileSync(join(repository, ".gitignore"), "node_modules\n");
  mkdirSync(join(repository, "b"));
  commit("b/package.json", '{"name":"b","version":"1.0.0"}');
  commit("package.json", '{"name":"a","dependencies":{"b":"file:./b"}}');
  const { success, stderr } = Bun.spawnSync([process.execPath, "install"], { cwd: repository });
  expect(success, stderr.toString()).toBe(true);
  return readFileSync(join(repository, "bun.lock"), "utf8");
}

test("packages: linked where both are locked to the same, else installed from the checkout's own lock", async () => {
  const lock = lockedPackage();
  commit("bun.lock", lock);
  commit("bun.lock", `${lock}\n`);
  const checkouts = open();
  const base = checkouts.add("base", "HEAD~1");
  const head = checkouts.add("head", ".");
  expect(await installPackages(head, repository, NEVER)).toBe("linked");
  expect(existsSync(join(head.root, "node_modules"))).toBe(true);
  expect(await installPackages(base, repository, NEVER)).toBe("installed");
  expect(existsSync(join(base.root, "node_modules", "b"))).toBe(true);
  checkouts.remove();
  // Only the link is gone.
  expect(existsSync(join(repository, "node_modules"))).toBe(true);
}, 60_000);

test("packages: what cannot be installed is told with what the installer said", async () => {
  commit("package.json", '{"name":"a","dependencies":{"b":"file:./none"}}');
  commit("bun.lock", "");
  const base = open().add("base", "HEAD");
  const failed = await installPackages(base, repository, NEVER).catch((error: Error) => error);
  expect(failed).toBeInstanceOf(UserError);
  expect(String(failed)).toContain("--frozen-lockfile ended with 1");
}, 60_000);
