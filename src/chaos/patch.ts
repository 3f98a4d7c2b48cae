import type { Patch } from "./mutant.ts";

/** The source text of `file` with those of `patches` that are for it. Throws when one does not fit. */
export function patched(file: string, text: string, patches: readonly Patch[]): string {
  let out = text;
  for (const { find, replace } of patches.filter((patch) => patch.file === file)) {
    const found = out.split(find).length - 1;
    if (found !== 1) {
      throw new Error(`the patch does not fit ${file}: found ${found} times, not once: ${find}`);
    }
    out = out.replace(find, () => replace);
  }
  return out;
}
