import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWN_ROOT, ownCommand, requireSources } from "../../runtime/self.ts";
import { STALE_READS } from "../gate/planted.ts";

/** Said before and after such a run, so that nobody takes it for a bug of the store. */
export const PLANTED_NOTE =
  "PLANTED: the nodes of this run were changed on purpose, as they were loaded, to answer gets without ReadIndex.";

const PRELOAD = join(OWN_ROOT, "src", "cli", "mutants", "plant.ts");

/** Whether the sources of this process, and of those that it starts, are patched as they are loaded. */
export const isPlanted = (): boolean => process.env["ORDEAL_PLANT"] !== undefined;

/**
 * Runs this command line again with the fault in every process of it, and gives its exit code. Product code
 * has no switch for the fault: mutants/plant.ts patches the source text of modules. Throws UserError where
 * there are no sources to patch (a binary of `bun build --compile`).
 */
export async function runPlanted(args: readonly string[]): Promise<number> {
  requireSources("--planted");
  const dir = mkdtempSync(join(tmpdir(), "ordeal-planted-"));
  const patch = join(dir, "stale-read.json");
  writeFileSync(patch, JSON.stringify([STALE_READS]));
  const preload = /\s/.test(PRELOAD) ? JSON.stringify(PRELOAD) : PRELOAD;
  const options = [process.env["BUN_OPTIONS"], "--preload", preload].filter(Boolean).join(" ");
  // A session of its own, so that a terminal's Ctrl-C reaches it once: through us.
  const child = Bun.spawn(ownCommand("ordeal", args), {
    env: { ...process.env, BUN_OPTIONS: options, ORDEAL_PLANT: patch },
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  const forward = (signal: NodeJS.Signals): void => child.kill(signal);
  process.on("SIGINT", forward);
  process.on("SIGTERM", forward);
  process.on("exit", () => child.kill("SIGKILL")); // Nothing, when it has ended.
  try {
    return await child.exited;
  } finally {
    process.removeListener("SIGINT", forward);
    process.removeListener("SIGTERM", forward);
    rmSync(dir, { recursive: true, force: true });
  }
}
