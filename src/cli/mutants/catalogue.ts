import type { Mutant } from "../../chaos/mutant.ts";
import { importOwn, ownModules } from "../../lib/own-modules.ts";
import { closest } from "../../lib/suggest.ts";
import { UserError } from "../../lib/user-error.ts";

/** Every mutant of `chaos/mutants/`, by row and name. */
export async function loadMutants(): Promise<readonly Mutant[]> {
  const mutants = await Promise.all(
    ownModules("chaos/mutants").map(async (file) => {
      const module = (await importOwn("chaos/mutants", file)) as { readonly default: Mutant };
      if (`${module.default.name}.ts` === file) return module.default;
      const what = `it defines "${module.default.name}"`;
      const fix = "a mutant has the name of its module";
      throw new UserError("misnamed mutant", [{ where: `chaos/mutants/${file}`, what, fix }]);
    }),
  );
  return mutants.sort((a, b) => a.row - b.row);
}

/** The mutants of these names, or all when none is given. Throws UserError for unknown ones. */
export async function findMutants(names: readonly string[]): Promise<readonly Mutant[]> {
  const known = await loadMutants();
  const knownNames = known.map((mutant) => mutant.name);
  const problems = names
    .filter((name) => !knownNames.includes(name))
    .map((name) => {
      const near = closest(name, knownNames);
      const guess = near === null ? "" : `did you mean "${near}"? `;
      const fix = `${guess}\`ordeal mutants --list\` shows them all`;
      return { where: "names", what: `no mutant is named "${name}"`, fix };
    });
  if (problems.length > 0) throw new UserError("unknown mutant", problems);
  return names.length === 0 ? known : known.filter(({ name }) => names.includes(name));
}
