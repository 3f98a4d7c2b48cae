import { tmpdir } from "node:os";
import { closest } from "../../lib/suggest.ts";
import { UserError } from "../../lib/user-error.ts";

/** Hooks of the repository are for people's checkouts, not for ours. */
const WITHOUT_HOOKS = ["-c", "core.hooksPath=/dev/null"];

type Said = { readonly ok: boolean; readonly out: string; readonly err: string };

/** Runs git in `cwd`. Throws UserError when it is not installed. */
export function git(cwd: string, args: readonly string[]): Said {
  // Of a hook that started us: they would point git elsewhere than `cwd`.
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, ...env } = process.env;
  try {
    const run = Bun.spawnSync(["git", ...WITHOUT_HOOKS, ...args], {
      ...{ cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    });
    return { ok: run.success, out: run.stdout.toString(), err: run.stderr.toString().trim() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const fix = "install git (apt-get install git), and see that it is in PATH";
    throw new UserError("cannot compare revisions", [
      { where: "git", what: "is not installed", fix },
    ]);
  }
}

/** The root of the repository that `dir` is in. Throws UserError when it is in none. */
export function repositoryOf(dir: string): string {
  const { ok, out, err } = git(dir, ["rev-parse", "--show-toplevel"]);
  if (ok) return out.trim();
  throw new UserError("cannot compare revisions", [
    {
      where: dir,
      what: err.split("\n")[0] ?? "git failed",
      fix: "run it inside a git repository; in a container whose owner differs: git config --global --add safe.directory '*'",
    },
  ]);
}

/** The full hash of the commit that `revision` names; `where` is the flag. Throws UserError. */
export function commitOf(repository: string, revision: string, where: string): string {
  // An option would not be a revision.
  if (!revision.startsWith("-") && revision.trim() !== "") {
    const { ok, out } = git(repository, [
      ...["rev-parse", "--verify", "--quiet", `${revision}^{commit}`],
    ]);
    if (ok) return out.trim();
  }
  const refs = git(repository, ["for-each-ref", "--format=%(refname:short)"]).out.trim();
  const near = closest(revision, refs.split("\n"));
  const isShallow = git(repository, ["rev-parse", "--is-shallow-repository"]).out.trim() === "true";
  throw new UserError("cannot compare revisions", [
    {
      where,
      what: `git knows no commit "${revision}"`,
      fix:
        (near === null ? "" : `did you mean "${near}"? `) +
        (isShallow
          ? "this clone is shallow: fetch the history first (actions/checkout: fetch-depth: 0; or git fetch --unshallow)"
          : "give a commit, a branch or a tag (git log --oneline; git fetch if it is newer)"),
    },
  ]);
}

/** Directories of a gate's checkouts: they name the process that made them. */
export const checkoutPrefix = (): string => `${tmpdir()}/ordeal-gate-${process.pid}-`;
const CHECKOUT = /\/ordeal-gate-(\d+)-[^/]+$/;

/** Checkout directories of gates that ended without removing them (SIGKILL), by git's own list. */
export function staleCheckouts(repository: string): readonly string[] {
  const { out } = git(repository, ["worktree", "list", "--porcelain"]);
  const dirs = [...out.matchAll(/^worktree (.+)\/(?:base|head)$/gm)].map((match) => match[1]!);
  return [...new Set(dirs)].filter((dir) => {
    const pid = CHECKOUT.exec(dir)?.[1];
    return pid !== undefined && !isAlive(Number(pid));
  });
}

/** Whether there is a process of that id, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
