import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Patch } from "../../chaos/mutant.ts";
import { patched } from "../../chaos/patch.ts";
import { OWN_ROOT, requireSources } from "../../runtime/self.ts";

/**
 * A bug that needs no fault to show, and makes a store faster: every node answers gets from its own
 * state, and asks no quorum whether that is up to date.
 */
export const STALE_READS: Patch = {
  file: "src/replica/replica.ts",
  find: "(commandFlags(view, at) & FLAG_LOCAL) !== 0",
  replace: "true",
};

/** Copies this program's sources to `root`, with a patch in them. Throws when it does not fit. */
export function plant(patch: Patch, root: string): void {
  requireSources("gate --self-test");
  mkdirSync(root, { recursive: true });
  for (const part of ["src", "package.json"]) {
    cpSync(join(OWN_ROOT, part), join(root, part), { recursive: true });
  }
  symlinkSync(join(OWN_ROOT, "node_modules"), join(root, "node_modules"), "dir");
  const path = join(root, patch.file);
  writeFileSync(path, patched(patch.file, readFileSync(path, "utf8"), [patch]));
}
