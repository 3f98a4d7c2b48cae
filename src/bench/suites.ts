import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { closest } from "../lib/suggest.ts";
import { UserError } from "../lib/user-error.ts";
import type { LoadSuite } from "./dsl.ts";

const SUITE_DIR = join(import.meta.dir, "..", "..", "bench");

/** Every suite of `bench/`, by name. */
export async function loadSuites(): Promise<readonly LoadSuite[]> {
  const files = (await readdir(SUITE_DIR)).filter((file) => file.endsWith(".ts")).sort();
  const modules = files.map((file) => import(join(SUITE_DIR, file)));
  return (await Promise.all(modules)).map(
    (module: { readonly default: LoadSuite }) => module.default,
  );
}

/** The suites of these names, in this order. Throws UserError with the nearest name of the unknown. */
export async function findSuites(names: readonly string[]): Promise<readonly LoadSuite[]> {
  const known = await loadSuites();
  const knownNames = known.map((suite) => suite.name);
  const problems = names
    .filter((name) => !knownNames.includes(name))
    .map((name) => {
      const near = closest(name, knownNames);
      const guess = near === null ? "" : `did you mean "${near}"? `;
      const fix = `${guess}there are: ${knownNames.join(", ")}`;
      return { where: "names", what: `no suite is named "${name}"`, fix };
    });
  if (problems.length > 0) throw new UserError("unknown bench suite", problems);
  return names.map((name) => known.find((suite) => suite.name === name)!);
}
