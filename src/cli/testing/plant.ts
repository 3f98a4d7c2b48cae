import { plugin } from "bun";
import { readFileSync } from "node:fs";

/**
 * Plants a fault: preloaded into every process of a run (`BUN_OPTIONS=--preload …`), it patches the
 * source text of one module as that is loaded. Product code has no switch for it. The patch comes
 * from a JSON file named by ORDEAL_PLANT.
 */
export type Plant = {
  /** `src/replica/replica.ts`. */
  readonly file: string;
  /** Text that must stand there exactly once; a patch that no longer fits ends the process. */
  readonly find: string;
  readonly replace: string;
};

const path = process.env["ORDEAL_PLANT"];
if (path !== undefined) {
  const { file, find, replace } = JSON.parse(readFileSync(path, "utf8")) as Plant;
  const escaped = file.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  plugin({
    name: "plant",
    setup(build) {
      build.onLoad({ filter: new RegExp(`/${escaped}$`) }, (source) => {
        const text = readFileSync(source.path, "utf8");
        if (text.split(find).length !== 2)
          throw new Error(`the patch does not fit ${file}: ${find}`);
        return { contents: text.replace(find, () => replace), loader: "ts" };
      });
    },
  });
}
