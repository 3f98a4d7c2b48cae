import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { ArmName } from "../../bench/gate/plan.ts";
import { UserError } from "../../lib/user-error.ts";
import { readCode } from "../../report/environment.ts";
import type { Report } from "../../report/schema.ts";
import { checkoutPrefix, commitOf, git, repositoryOf, staleCheckouts } from "./git.ts";

const OWN_ROOT = join(import.meta.dir, "../../..");

/** The revision that means the working tree as it is, changes that are not committed included. */
export const WORKING_TREE = ".";

/** The sources of an arm, in a directory of their own. */
export type Checkout = {
  readonly arm: ArmName;
  /** As the person named the revision. */
  readonly label: string;
  readonly root: string;
  readonly code: Report["code"];
};

/**
 * Checkouts of one repository, in a temporary directory. `remove` takes them away, and may be called
 * at any time: from a handler of a signal, and twice.
 */
export type Checkouts = {
  readonly repository: string;
  /** Throws UserError for a revision that git does not know or cannot check out. */
  add(arm: ArmName, revision: string): Checkout;
  remove(): void;
};

/** Opens the repository that `dir` is in, and takes away what gates left that were killed. */
export function openCheckouts(dir: string): Checkouts {
  const repository = repositoryOf(dir);
  for (const stale of staleCheckouts(repository)) removeDir(repository, stale);
  const parent = mkdtempSync(checkoutPrefix());
  offerOrdeal(parent);
  return {
    repository,
    add: (arm, revision) => {
      const root = join(parent, arm);
      if (revision === WORKING_TREE) return copyWorkingTree(repository, arm, root);
      const commit = commitOf(repository, revision, `--${arm}`);
      const { ok, err } = git(repository, [
        ...["worktree", "add", "--quiet", "--detach", root, commit],
      ]);
      if (!ok) throw cannotCheckOut(arm, revision, err);
      return { arm, label: revision, root, code: { commit, dirty: false } };
    },
    remove: () => removeDir(repository, parent),
  };
}

/** So that a checkout's target can import `ordeal/target` though its repository has no such package. */
function offerOrdeal(parent: string): void {
  if (!existsSync(join(OWN_ROOT, "package.json"))) return; // Compiled into one program.
  mkdirSync(join(parent, "node_modules"));
  symlinkSync(OWN_ROOT, join(parent, "node_modules", "ordeal"));
}

/** A copy, so that whoever goes on editing does not change what is measured. */
function copyWorkingTree(repository: string, arm: ArmName, root: string): Checkout {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = git(repository, args).out.split("\0");
  for (const file of new Set(files)) {
    const from = join(repository, file);
    // Deleted, or a repository of its own.
    if (file === "" || !existsSync(from) || lstatSync(from).isDirectory()) continue;
    const to = join(root, file);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { verbatimSymlinks: true });
  }
  const code = readCode(repository);
  const state = code.dirty ? "with changes" : "unchanged";
  return { arm, label: `working tree (${code.commit.slice(0, 8)} ${state})`, root, code };
}

function removeDir(repository: string, parent: string): void {
  // First the files: git then forgets worktrees that are gone, locked by nobody.
  rmSync(parent, { recursive: true, force: true });
  git(repository, ["worktree", "prune"]);
}

function cannotCheckOut(arm: ArmName, revision: string, err: string): UserError {
  const full = /no space/i.test(err) ? "free space in the temporary directory (TMPDIR), " : "";
  return new UserError("cannot check out a revision", [
    {
      where: `--${arm} ${revision}`,
      what: err.replaceAll("\n", "; ") || "git worktree add failed",
      fix: `${full}or look at: git worktree list`,
    },
  ]);
}
