import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { UserError } from "../lib/user-error.ts";
import type { Scenario } from "./scenario.ts";

/** The scenarios that come with Ordeal. */
const SCENARIO_DIR = join(import.meta.dir, "..", "..", "chaos");

/** Every scenario of `chaos/`, by name. Throws UserError for a module that is not one. */
export async function loadScenarios(): Promise<readonly Scenario[]> {
  const files = (await readdir(SCENARIO_DIR)).filter((file) => file.endsWith(".ts")).sort();
  return Promise.all(files.map((file) => loadScenarioFile(join(SCENARIO_DIR, file))));
}

/** The scenario that a module exports by default. Its name must be that of the file. */
export async function loadScenarioFile(path: string): Promise<Scenario> {
  const problem = (what: string, fix: string): UserError =>
    new UserError("cannot load the scenario", [{ where: path, what, fix }]);
  if (!(await Bun.file(path).exists())) throw problem("no such file", "give a path that exists");
  const module = (await import(resolve(path))) as { readonly default?: Scenario };
  const scenario = module.default;
  if (typeof scenario?.name !== "string") {
    throw problem("has no default export", "write: export default defineScenario({ … })");
  }
  if (scenario.name !== basename(path, ".ts")) {
    const what = `the scenario is named "${scenario.name}", the file "${basename(path)}"`;
    throw problem(what, `name both alike, so that "chaos run" finds it`);
  }
  return scenario;
}
