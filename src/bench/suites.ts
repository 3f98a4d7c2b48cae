import { basename, resolve } from "node:path";
import { importOwn, ownModules } from "../lib/own-modules.ts";
import { closest } from "../lib/suggest.ts";
import { UserError } from "../lib/user-error.ts";
import type { Suite } from "./dsl.ts";

/** Every suite of `bench/`, by name. Throws UserError for a module that is not one. */
export const loadSuites = (): Promise<readonly Suite[]> =>
  Promise.all(
    ownModules("bench").map(async (file) =>
      suiteOf(await importOwn("bench", file), `bench/${file}`),
    ),
  );

/**
 * The suites of these names, in this order; a name with a slash or ending in `.ts` is the path of a
 * module. Throws UserError with the nearest name of each that is unknown.
 */
export async function findSuites(names: readonly string[]): Promise<readonly Suite[]> {
  const known = await loadSuites();
  const knownNames = known.map((suite) => suite.name);
  const problems = names
    .filter((name) => !isPath(name) && !knownNames.includes(name))
    .map((name) => {
      const near = closest(name, knownNames);
      const guess = near === null ? "" : `did you mean "${near}"? `;
      const fix = `${guess}there are: ${knownNames.join(", ")}`;
      return { where: "names", what: `no suite is named "${name}"`, fix };
    });
  if (problems.length > 0) throw new UserError("unknown bench suite", problems);
  return Promise.all(
    names.map((name) => known.find((suite) => suite.name === name) ?? loadSuiteFile(name)),
  );
}

const KINDS: readonly Suite["kind"][] = ["load", "sweep", "failover", "figures"];

const isPath = (name: string): boolean => name.includes("/") || name.endsWith(".ts");

/** The suite that a module exports by default. Its name must be that of the file. */
async function loadSuiteFile(path: string): Promise<Suite> {
  if (!(await Bun.file(path).exists())) {
    throw cannotLoad(path, "no such file", "give a path that exists");
  }
  const module: unknown = await import(resolve(path)).catch((error: Error) => {
    // A suite that is not valid says so itself.
    if (error instanceof UserError) throw error;
    throw cannotLoad(
      path,
      error.message,
      `mend the module; its words: import … from "ordeal/bench"`,
    );
  });
  return suiteOf(module, path);
}

const cannotLoad = (path: string, what: string, fix: string): UserError =>
  new UserError("cannot load the bench suite", [{ where: path, what, fix }]);

function suiteOf(module: unknown, path: string): Suite {
  const suite = (module as { readonly default?: Suite }).default;
  if (suite === undefined || !KINDS.includes(suite.kind)) {
    const fix =
      "write: export default defineLoadSuite({ … }), or define one of figures, a sweep or failovers";
    throw cannotLoad(path, "has no suite as its default export", fix);
  }
  if (suite.name !== basename(path, ".ts")) {
    const what = `the suite is named "${suite.name}", the file "${basename(path)}"`;
    throw cannotLoad(path, what, `name both alike, so that "bench run" finds it`);
  }
  return suite;
}
