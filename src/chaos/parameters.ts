import { closest } from "../lib/suggest.ts";
import { type Problem, UserError } from "../lib/user-error.ts";
import type { Scenario } from "./scenario.ts";

/** A number that a person may change on the command line: `--param loss=0.2`. */
export type Parameter = {
  readonly about: string;
  readonly min: number;
  readonly max: number;
  readonly default: number;
  /** Only whole numbers. */
  readonly whole?: boolean;
};
export type Parameters = Readonly<Record<string, Parameter>>;
/** By name of the parameter. */
export type Values = Readonly<Record<string, number>>;

/** A scenario with numbers left open: what a module exports instead of a scenario. */
export type Parametrised = {
  readonly name: string;
  /** The scenario with these values; what is not given has its default. Throws UserError. */
  readonly with: (values: Values) => Scenario;
};

/**
 * A scenario that `build` makes of the values of its parameters. The values end up in the scenario
 * itself, so that its report tells them.
 */
export function parametrised<P extends Parameters>(
  parameters: P,
  build: (values: Readonly<Record<keyof P, number>>) => Scenario,
): Parametrised {
  const withValues = (values: Values): Scenario => {
    const problems = Object.entries(values).flatMap(([name, value]) =>
      valueProblems(parameters, name, value),
    );
    if (problems.length > 0) throw new UserError("bad parameter", problems);
    const all = Object.fromEntries(
      Object.entries(parameters).map(([name, own]) => [name, values[name] ?? own.default]),
    ) as Record<keyof P, number>;
    return {
      ...build(all),
      parameters: Object.fromEntries(
        Object.entries(parameters).map(([name, own]) => [name, { ...own, value: all[name]! }]),
      ),
    };
  };
  return { name: withValues({}).name, with: withValues };
}

/** What a module exports by default, with these values. Throws UserError when it takes none of them. */
export function scenarioWith(exported: Scenario | Parametrised, values: Values): Scenario {
  if ("with" in exported) return exported.with(values);
  const problems = Object.keys(values).map((name) => unknown(name, []));
  if (problems.length > 0) throw new UserError(`"${exported.name}" has no parameters`, problems);
  return exported;
}

function valueProblems(parameters: Parameters, name: string, value: number): Problem[] {
  const own = parameters[name];
  if (own === undefined) return [unknown(name, Object.keys(parameters))];
  const { min, max, whole = false, about } = own;
  if (value >= min && value <= max && (!whole || Number.isSafeInteger(value))) return [];
  const fix = `give ${whole ? "a whole number" : "a number"} from ${min} to ${max}: ${about}`;
  return [{ where: `--param ${name}`, what: `is ${value}`, fix }];
}

function unknown(name: string, names: readonly string[]): Problem {
  const near = closest(name, names);
  const fix =
    names.length === 0
      ? "leave it out"
      : `${near === null ? "" : `did you mean "${near}"? `}there are: ${names.join(", ")}`;
  return { where: `--param ${name}`, what: "there is no such parameter", fix };
}

/** The values of `name=number` pairs. Throws UserError for all that are none. */
export function parseValues(pairs: readonly string[]): Values {
  const values: Record<string, number> = {};
  const problems: Problem[] = [];
  for (const pair of pairs) {
    const match = /^([A-Za-z][A-Za-z0-9]*)=(-?\d+(?:\.\d+)?)$/.exec(pair);
    if (match === null || match[1]! in values) {
      const what = match === null ? "is no name=number" : "is given twice";
      problems.push({ where: `--param ${pair}`, what, fix: "write it like loss=0.2, each once" });
    } else values[match[1]!] = Number(match[2]);
  }
  if (problems.length > 0) throw new UserError("bad parameter", problems);
  return values;
}

/** Those of the values that the scenario declares. */
export const valuesFor = ({ parameters = {} }: Scenario, values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name in parameters));

export const valuesAsFlags = (values: Values): string =>
  Object.entries(values)
    .map(([name, value]) => ` --param ${name}=${value}`)
    .join("");

/** A line a parameter: `loss = 0.1 (0 to 0.9, default 0.1): share of frames`. */
export const describeParameters = ({ parameters = {} }: Scenario): readonly string[] =>
  Object.entries(parameters).map(
    ([name, { value, min, max, default: usual, about }]) =>
      `${name} = ${value} (${min} to ${max}, default ${usual}): ${about}`,
  );
