import type { Argv } from "yargs";
import { closest } from "../lib/suggest.ts";
import { UserError } from "../lib/user-error.ts";
import { COMMANDS } from "./commands.ts";

/** What yargs knows of the options at this point of the command line; it does not type this. */
type OptionsSoFar = {
  readonly key: Readonly<Record<string, unknown>>;
  readonly string: readonly string[];
  readonly number: readonly string[];
  readonly array: readonly string[];
};
const optionsOf = (cli: Argv): OptionsSoFar =>
  (cli as unknown as { getOptions(): OptionsSoFar }).getOptions();

/**
 * What yargs lets pass and is still a mistake: an option without its value (it would silently take
 * the default), a number that is none, an option given twice. The message, or null.
 */
export function optionProblem(
  cli: Argv,
  parsed: Readonly<Record<string, unknown>>,
  args: readonly string[],
): string | null {
  const options = optionsOf(cli);
  for (const name of [...options.string, ...options.number]) {
    const at = args.indexOf(`--${name}`);
    const next = args[at + 1];
    if (at >= 0 && (next === undefined || next.startsWith("--"))) return `--${name} needs a value`;
  }
  for (const name of options.number) {
    if (Number.isNaN(parsed[name])) return `--${name} is not a number`;
  }
  for (const name of Object.keys(options.key)) {
    if (Array.isArray(parsed[name]) && !options.array.includes(name))
      return `--${name} stands twice`;
  }
  return null;
}

/** A mistake in the command line itself, with the nearest thing that would have been right. */
export function usageError(message: string, cli: Argv, args: readonly string[]): UserError {
  const name = args.find((arg) => !arg.startsWith("-"));
  const known = COMMANDS.some((entry) => entry.name === name);
  const unknown = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(message)?.[1];
  const meant = unknown === undefined ? null : suggestion(unknown, cli, args, known);
  const hint = `see: ordeal ${known ? `${name} ` : ""}--help`;
  return new UserError("the command line does not parse", [
    {
      where: ["ordeal", ...args].join(" "),
      what: message.replace(/\s*\n\s*/g, " ").trim(),
      fix: meant === null ? hint : `did you mean ${meant}? ${hint}`,
    },
  ]);
}

function suggestion(
  unknown: string,
  cli: Argv,
  args: readonly string[],
  known: boolean,
): string | null {
  if (args.includes(unknown)) {
    if (known) return null; // A surplus argument of a command: nothing to compare it with.
    const visible = COMMANDS.filter((entry) => !entry.hidden);
    return closest(
      unknown,
      visible.map((entry) => entry.name),
    );
  }
  const flag = closest(unknown, Object.keys(optionsOf(cli).key));
  return flag === null ? null : `--${flag}`;
}
