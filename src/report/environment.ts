import { realpathSync } from "node:fs";
import { availableParallelism, cpus, platform, arch, release, totalmem } from "node:os";
import { resolve } from "node:path";
import { ownBuild } from "../lib/build.ts";
import type { Environment, Report } from "./schema.ts";

/** The machine that this process runs on, for `Report.environment`. */
export const readEnvironment = (): Environment => ({
  bun: Bun.version,
  os: `${platform()} ${arch()}`,
  kernel: release(),
  cpu: cpus()[0]?.model.trim() || "unknown",
  cores: availableParallelism(),
  memoryBytes: totalmem(),
});

/** Where this program's sources lie. */
const ROOT = resolve(import.meta.dir, "../..");

/**
 * The commit of the sources that run, and whether they differ from it, for `Report.code`. The commit
 * is "unknown" without git, and when the sources are not the root of a repository (an installed copy
 * inside another project must not pass for that project's commit).
 */
export function readCode(root: string = ROOT): Report["code"] {
  const unknown = { commit: "unknown", dirty: false };
  const build = ownBuild();
  if (build !== null && root === ROOT) return build.code;
  const at = git(root, ["rev-parse", "--show-toplevel", "HEAD"])?.split("\n");
  if (at?.length !== 2 || realpathSync(at[0]!) !== realpathSync(root)) return unknown;
  const changes = git(root, ["status", "--porcelain", "--untracked-files=normal"]);
  return { commit: at[1]!, dirty: changes !== "" };
}

/** Trimmed output of git, or null when it fails or is not installed. */
function git(cwd: string, args: readonly string[]): string | null {
  try {
    const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, ...env } = process.env;
    const run = Bun.spawnSync(["git", ...args], { cwd, env, stdout: "pipe", stderr: "ignore" });
    return run.success ? run.stdout.toString().trim() : null;
  } catch {
    return null;
  }
}
