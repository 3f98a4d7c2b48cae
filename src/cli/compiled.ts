import { PROGRAM_PREFIX, type Program } from "../runtime/self.ts";

/**
 * What the compiled binary runs (cli/dev/build.ts): the program that its first argument names, `@node`
 * say, as our own processes are started, or else the command line.
 */
const PROGRAMS: Readonly<Record<Program, () => Promise<unknown>>> = {
  ordeal: () => import("./main.ts"),
  node: () => import("./node-child.ts"),
  "sim-worker": () => import("./sim/worker.ts"),
  "fuzz-worker": () => import("./fuzz/worker.ts"),
  "fuzz-bytes-worker": () => import("./fuzz/bytes-worker.ts"),
  "crashpoints-worker": () => import("./crashpoints/worker.ts"),
  "check-worker": () => import("../../bench/check/worker.ts"),
  "trivial-server": async () => (await import("../target/trivial-server.ts")).main(),
};

/** Runs it. The programs read their arguments from process.argv, as they do from sources. */
export async function runCompiled(): Promise<void> {
  const name = process.argv[2] ?? "";
  const named = name.startsWith(PROGRAM_PREFIX) ? name.slice(PROGRAM_PREFIX.length) : "";
  const program = Object.hasOwn(PROGRAMS, named) ? (named as Program) : "ordeal";
  if (program !== "ordeal") process.argv.splice(2, 1);
  await PROGRAMS[program]();
}
