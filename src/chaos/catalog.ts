import { basename, resolve } from "node:path";
import { importOwn, ownModules } from "../lib/own-modules.ts";
import { closest } from "../lib/suggest.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import { defineScenario } from "./dsl.ts";
import { type Parametrised, scenarioWith, type Values } from "./parameters.ts";
import type { Scenario } from "./scenario.ts";

/** Modules with many scenarios each, which only `--tag` and their names choose. */
const TAGGED = "chaos/mit";

/** The scenarios that are not of those that `--all` means, such as the labs of MIT. */
export async function loadTagged(): Promise<readonly Scenario[]> {
  const modules = await Promise.all(ownModules(TAGGED).map((file) => importOwn(TAGGED, file)));
  return modules.flatMap((module) => (module as { readonly default: readonly Scenario[] }).default);
}

/** Those with a tag; without one, those of loadScenarios. Throws UserError for a tag that none has. */
export async function scenariosOf(tag: string | undefined): Promise<readonly Scenario[]> {
  const usual = await loadScenarios();
  if (tag === undefined) return usual;
  const all = [...usual, ...(await loadTagged())];
  const found = all.filter(({ tags = [] }) => tags.includes(tag));
  if (found.length > 0) return found;
  const tags = [...new Set(all.flatMap((scenario) => scenario.tags ?? []))].sort().join(", ");
  const what = `no scenario is tagged "${tag}"`;
  throw new UserError("unknown tag", [{ where: "--tag", what, fix: `there are: ${tags}` }]);
}

/** Every scenario of `chaos/`, by name. Throws UserError for a module that is not one. */
export const loadScenarios = (): Promise<readonly Scenario[]> =>
  Promise.all(ownModules("chaos").map((file) => loadOwn(file)));

const loadOwn = async (file: string, values: Values = {}): Promise<Scenario> =>
  scenarioOf(await importOwn("chaos", file), `chaos/${file}`, values);

/**
 * The scenarios of these names; a name with a slash or ending in `.ts` is the path of a module,
 * or in `.json` of a scenario as data.
 * Each is made with those of the values that it declares. Throws UserError with the nearest name for
 * each that is unknown, and for a value that none of them declares.
 */
export async function findScenarios(
  names: readonly string[],
  values: Values = {},
): Promise<readonly Scenario[]> {
  const usual = await loadScenarios();
  const known = [...usual, ...(await loadTagged())];
  const list = usual.map(({ name }) => name).join(", ");
  if (names.length === 0) {
    const fix = `name some, or give --all; there are: ${list}`;
    throw new UserError("no scenario", [{ where: "names", what: "none is given", fix }]);
  }
  const isPath = (name: string): boolean => /[/]|\.(ts|json)$/.test(name);
  const problems = names
    .filter((name) => !isPath(name) && !known.some((scenario) => scenario.name === name))
    .map((name): Problem => {
      const near = closest(
        name,
        known.map((scenario) => scenario.name),
      );
      const fix = `${near === null ? "" : `did you mean "${near}"? `}there are: ${list}`;
      return { where: "names", what: `no scenario is named "${name}"`, fix };
    });
  if (problems.length > 0) throw new UserError("unknown scenario", problems);
  const plain = await Promise.all(
    names.map(async (name) => {
      const scenario = known.find((each) => each.name === name);
      return scenario ?? (await loadScenarioFile(name));
    }),
  );
  return Promise.all(plain.map((scenario, i) => withValues(scenario, names[i]!, values, plain)));
}

/** The scenario made again, with those of the values that it declares and that some of `all` do. */
async function withValues(
  scenario: Scenario,
  name: string,
  values: Values,
  all: readonly Scenario[],
): Promise<Scenario> {
  const some = all.flatMap(({ parameters = {} }) => Object.keys(parameters));
  const { parameters = {} } = scenario;
  const own = Object.fromEntries(
    Object.entries(values).filter(([key]) => key in parameters || !some.includes(key)),
  );
  if (Object.keys(own).length === 0) return scenario;
  if (Object.keys(parameters).length === 0) return scenarioWith(scenario, own);
  return /[/]|\.ts$/.test(name) ? loadScenarioFile(name, own) : loadOwn(`${name}.ts`, own);
}

/** The scenario that a module exports by default, whose name must be that of the file, or that a JSON file is. */
export async function loadScenarioFile(path: string, values: Values = {}): Promise<Scenario> {
  const problem = problemOf(path);
  if (!(await Bun.file(path).exists())) throw problem("no such file", "give a path that exists");
  if (path.endsWith(".json")) return scenarioOfJson(await Bun.file(path).text(), problem);
  const module: unknown = await import(resolve(path)).catch((error: Error) => {
    // A scenario that is not valid says so itself.
    if (error instanceof UserError) throw error;
    throw problem(error.message, `mend the module; its words: import … from "ordeal/chaos"`);
  });
  return scenarioOf(module, path, values);
}

const problemOf =
  (where: string) =>
  (what: string, fix: string): UserError =>
    new UserError("cannot load the scenario", [{ where, what, fix }]);

function scenarioOf(module: unknown, path: string, values: Values): Scenario {
  const problem = problemOf(path);
  const scenario = (module as { readonly default?: Scenario | Parametrised }).default;
  if (typeof scenario?.name !== "string") {
    throw problem("has no default export", "write: export default defineScenario({ … })");
  }
  if (scenario.name !== basename(path, ".ts")) {
    const what = `the scenario is named "${scenario.name}", the file "${basename(path)}"`;
    throw problem(what, `name both alike, so that "chaos run" finds it`);
  }
  return scenarioWith(scenario, values);
}

/** A scenario is data: this is how one comes back from a file. */
function scenarioOfJson(text: string, problem: (what: string, fix: string) => UserError): Scenario {
  const fix = "give a file that `ordeal chaos reproduce` wrote, or the scenario of a report.json";
  try {
    return defineScenario(JSON.parse(text) as Scenario);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw problem(`is no scenario: ${error instanceof Error ? error.message : error}`, fix);
  }
}
