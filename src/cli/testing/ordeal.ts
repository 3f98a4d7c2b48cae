import { join } from "node:path";
import type { Patch } from "../../chaos/mutant.ts";

const MAIN = join(import.meta.dir, "../main.ts");
const PRELOAD = join(import.meta.dir, "../mutants/plant.ts");

/** What a command left behind. */
export type Ended = { readonly code: number; readonly out: string; readonly err: string };

/** Beyond those of this process, or in place of them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Runs a command to its end, with nothing to read. */
export async function run(command: string[], env: Environment = {}): Promise<Ended> {
  const child = Bun.spawn(command, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const [out, err, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, out, err };
}

/** Runs `ordeal …` to its end. */
export const runOrdeal = (words: readonly string[], env: Environment = {}): Promise<Ended> =>
  run([process.execPath, MAIN, ...words], env);

/** In its environment every process of `ordeal` is planted with the patches; `file` will hold them. */
export async function planted(patches: readonly Patch[], file: string): Promise<Environment> {
  await Bun.write(file, JSON.stringify(patches));
  return { BUN_OPTIONS: `--preload ${PRELOAD}`, ORDEAL_PLANT: file };
}
