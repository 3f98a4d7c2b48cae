import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ownBuild } from "./build.ts";

/** Folders of modules that are found by name: drop a file in, and it is there. */
export const MODULE_FOLDERS = ["bench", "chaos", "chaos/mit", "chaos/mutants"] as const;
export type ModuleFolder = (typeof MODULE_FOLDERS)[number];

const ROOT = join(import.meta.dir, "..", "..");

/** Folders of data that suites read. */
export const DATA_FOLDERS = ["src/check/testdata/porcupine"] as const;

/** The files of such a folder, sorted by name, and where to read each. */
export function ownFiles(
  folder: (typeof DATA_FOLDERS)[number],
): readonly { readonly name: string; readonly path: string }[] {
  const files = ownBuild()?.files;
  if (files !== undefined) {
    return Object.entries(files)
      .filter(([path]) => path.startsWith(`${folder}/`))
      .map(([from, path]) => ({ name: from.slice(folder.length + 1), path }));
  }
  const dir = join(ROOT, folder);
  return readdirSync(dir)
    .sort()
    .map((name) => ({ name, path: join(dir, name) }));
}

/** The modules of a folder, `name.ts`, sorted. A compiled binary has those that it was built with. */
export function ownModules(folder: ModuleFolder, root: string = ROOT): readonly string[] {
  const build = ownBuild();
  const files =
    build === null
      ? readdirSync(join(root, folder))
      : Object.keys(build.modules)
          .filter((path) => path.slice(0, path.lastIndexOf("/")) === folder)
          .map((path) => path.slice(folder.length + 1));
  return files.filter((file) => file.endsWith(".ts")).sort();
}

/** Imports one of `ownModules`. */
export function importOwn(folder: ModuleFolder, file: string): Promise<unknown> {
  const build = ownBuild();
  if (build === null) return import(join(ROOT, folder, file));
  const load = build.modules[`${folder}/${file}`];
  return load === undefined ? Promise.reject(new Error(`no module ${folder}/${file}`)) : load();
}
