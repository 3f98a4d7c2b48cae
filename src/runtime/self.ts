import { join, resolve } from "node:path";
import { ownBuild } from "../lib/build.ts";
import { UserError } from "../lib/user-error.ts";

/** Where this program's sources lie; of no meaning in a compiled binary. */
export const OWN_ROOT = resolve(import.meta.dir, "..", "..");

/** What of ours runs as a process of its own, by the module that it starts with. */
export const PROGRAMS = {
  ordeal: "src/cli/main.ts",
  node: "src/cli/node-child.ts",
  "sim-worker": "src/cli/sim/worker.ts",
  "fuzz-worker": "src/cli/fuzz/worker.ts",
  "fuzz-bytes-worker": "src/cli/fuzz/bytes-worker.ts",
  "crashpoints-worker": "src/cli/crashpoints/worker.ts",
  "check-worker": "bench/check/worker.ts",
  "trivial-server": "src/target/trivial-server.ts",
} as const;
export type Program = keyof typeof PROGRAMS;

/** What of ours runs as a worker of a process. */
export const WORKERS = { search: "src/cli/check/search-worker.ts" } as const;

/** Starts a worker; a compiled binary has it by its path from the root, as JavaScript. */
export function ownWorker(name: keyof typeof WORKERS): Worker {
  if (ownBuild() === null) return new Worker(join(OWN_ROOT, WORKERS[name]));
  return new Worker(join(import.meta.dir, WORKERS[name].replace(/\.ts$/, ".js")));
}

/** In a compiled binary the first argument says which program is meant; without one it is `ordeal`. */
export const PROGRAM_PREFIX = "@";

/** A compiled binary has `bun` itself within it, as which it acts with this set. */
const BE_BUN = { BUN_BE_BUN: "1" } as const;

/**
 * The command that runs one of our programs as we run: from the sources, or from the compiled binary.
 * `root`: from other sources, such as those of another revision; it needs `ownEnv(root)` too.
 */
export function ownCommand(
  program: Program,
  args: readonly string[] = [],
  root: string = OWN_ROOT,
): string[] {
  if (ownBuild() === null || root !== OWN_ROOT) {
    return [process.execPath, join(root, PROGRAMS[program]), ...args];
  }
  const which = program === "ordeal" ? [] : [`${PROGRAM_PREFIX}${program}`];
  return [process.execPath, ...which, ...args];
}

/** What the environment of such a command needs besides ours. */
export const ownEnv = (root: string = OWN_ROOT): Readonly<Record<string, string>> =>
  ownBuild() === null || root === OWN_ROOT ? {} : BE_BUN;

/** The same for `bun …args`, which a compiled binary has within it. */
export const bunCommand = (args: readonly string[]): string[] => [process.execPath, ...args];
export const bunEnv = (): Readonly<Record<string, string>> => (ownBuild() === null ? {} : BE_BUN);

/**
 * Throws UserError in a compiled binary: what patches our sources as they are loaded, to plant a fault,
 * needs them.
 */
export function requireSources(where: string): void {
  if (ownBuild() === null) return;
  const what = "patches Ordeal's sources, and a compiled binary has none";
  const fix = "run it from a checkout, after npm install: npx ordeal …";
  throw new UserError("cannot plant a fault", [{ where, what, fix }]);
}
