import { plugin } from "bun";
import { readFileSync } from "node:fs";
import type { Patch } from "../../chaos/mutant.ts";
import { patched } from "../../chaos/patch.ts";

// Plants a fault: preloaded into a process (`bun --preload`, or BUN_OPTIONS for every process of a
// run), it patches the source text of modules as they are loaded. The patches come from the JSON
// file that ORDEAL_PLANT names. Product code has no switch for it.

const path = process.env["ORDEAL_PLANT"];
if (path !== undefined) {
  const patches = JSON.parse(readFileSync(path, "utf8")) as readonly Patch[];
  plugin({
    name: "plant",
    setup(build) {
      for (const file of new Set(patches.map((patch) => patch.file))) {
        const escaped = file.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
        build.onLoad({ filter: new RegExp(`/${escaped}$`) }, (source) => ({
          contents: patched(file, readFileSync(source.path, "utf8"), patches),
          loader: "ts",
        }));
      }
    },
  });
}
