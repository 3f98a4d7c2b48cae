import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { UserError } from "../lib/user-error.ts";
import type { TargetName } from "./targets.ts";

/** An input that is kept: because it failed once, or because it leads where no other does. */
export type Kept = { readonly why: string; readonly input: Uint8Array };

/** Longer ones are not kept: samples are made anew, and what failed is small once it is minimised. */
const INPUT_BYTES_MAX = 1024;
const CORPUS_BYTES_MAX = 8 << 10;
const INPUTS_MAX = 40;

const Schema = v.object({ inputs: v.array(v.object({ why: v.string(), base64: v.string() })) });
const fileOf = (dir: string, target: TargetName): string => join(dir, `${target}.json`);

/** The inputs for a target in `dir`; none when there is no file of them. Throws UserError for one that is damaged. */
export function readCorpus(dir: string, target: TargetName): readonly Kept[] {
  const file = fileOf(dir, target);
  if (!existsSync(file)) return [];
  try {
    const { inputs } = v.parse(Schema, JSON.parse(readFileSync(file, "utf8")));
    return inputs.map(({ why, base64 }) => ({ why, input: Uint8Array.fromBase64(base64) }));
  } catch (error) {
    const fix = "remove it, or put it back as it was";
    throw new UserError("cannot read the corpus", [
      { where: file, what: (error as Error).message, fix },
    ]);
  }
}

/** Adds to it what is new and small, as far as there is room. Returns how many it then holds. */
export async function addToCorpus(
  dir: string,
  target: TargetName,
  more: readonly Kept[],
): Promise<number> {
  const kept = [...readCorpus(dir, target)];
  const known = new Set(kept.map(({ why }) => why));
  let bytes = kept.reduce((sum, { input }) => sum + input.length, 0);
  for (const one of more.toSorted((a, b) => a.input.length - b.input.length)) {
    const { length } = one.input;
    const hasRoom = kept.length < INPUTS_MAX && bytes + length <= CORPUS_BYTES_MAX;
    if (known.has(one.why) || length > INPUT_BYTES_MAX || !hasRoom) continue;
    known.add(one.why);
    kept.push(one);
    bytes += length;
  }
  const inputs = kept.map(({ why, input }) => ({ why, base64: input.toBase64() }));
  await mkdir(dir, { recursive: true });
  await Bun.write(fileOf(dir, target), `${JSON.stringify({ inputs }, null, 2)}\n`);
  return kept.length;
}
