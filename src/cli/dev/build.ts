#!/usr/bin/env bun
/**
 * `npm run build`: one binary that needs neither Bun nor the sources, by default `dist/ordeal`. Arguments:
 * the path of the binary, and `--target bun-linux-arm64-musl` or another that `bun build --compile` knows.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DATA_FOLDERS, MODULE_FOLDERS, ownFiles, ownModules } from "../../lib/own-modules.ts";
import { readCode } from "../../report/environment.ts";
import { OWN_ROOT, WORKERS } from "../../runtime/self.ts";

/** The entry of the binary: modules that are found by name are listed, for there is no folder to read. */
function entryText(): string {
  const imports = MODULE_FOLDERS.flatMap((folder) =>
    ownModules(folder).map((file) => {
      const path = JSON.stringify(`${folder}/${file}`);
      return `  ${path}: () => import(${JSON.stringify(join(OWN_ROOT, folder, file))}),`;
    }),
  );
  const data = DATA_FOLDERS.flatMap((folder) => ownFiles(folder)).map(({ path }, i) => ({
    name: `data${i}`,
    path,
    from: relative(OWN_ROOT, path),
  }));
  const from = (path: string): string => JSON.stringify(join(OWN_ROOT, path));
  return [
    `import { setBuild } from ${from("src/lib/build.ts")};`,
    `import { runCompiled } from ${from("src/cli/compiled.ts")};`,
    ...data.map(
      ({ name, path }) => `import ${name} from ${JSON.stringify(path)} with { type: "file" };`,
    ),
    `setBuild({ code: ${JSON.stringify(codeOf())}, modules: {`,
    ...imports,
    "}, files: {",
    ...data.map(({ name, from: path }) => `  ${JSON.stringify(path)}: ${name},`),
    "} });",
    "await runCompiled();",
    "",
  ].join("\n");
}

/** An image is built without the repository: then the environment says which revision it is of. */
function codeOf(): { readonly commit: string; readonly dirty: boolean } {
  const commit = process.env["ORDEAL_COMMIT"];
  return commit === undefined || commit === "" ? readCode() : { commit, dirty: false };
}

/** Compiles the sources into one binary. Throws when they cannot be. */
export async function buildBinary(outfile: string, target?: string): Promise<void> {
  await mkdir(dirname(outfile), { recursive: true });
  // Within the sources, for workers are found by their path from the folder that all entries share.
  const dir = await mkdtemp(join(OWN_ROOT, "dist-"));
  try {
    const entry = join(dir, "ordeal.ts");
    await writeFile(entry, entryText());
    const command = ["build", "--compile", "--splitting", "--minify-syntax", "--minify-whitespace"];
    const flags = [...(target === undefined ? [] : [`--target=${target}`]), `--outfile=${outfile}`];
    // Each is an entry of its own, which ownWorker finds by its path.
    const workers = Object.values(WORKERS);
    const child = Bun.spawn([process.execPath, ...command, ...flags, entry, ...workers], {
      cwd: OWN_ROOT,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said = await child.stderr.text();
    if ((await child.exited) !== 0) throw new Error(`bun build failed: ${said.trim()}`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    args: process.argv.slice(2),
    options: { target: { type: "string" } },
    allowPositionals: true,
  });
  const outfile = resolve(positionals[0] ?? join(OWN_ROOT, "dist", "ordeal"));
  await buildBinary(outfile, values.target);
  console.log(outfile);
}
