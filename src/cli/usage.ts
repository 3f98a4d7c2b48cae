import type { Argv } from "yargs";
import { closest } from "../lib/suggest.ts";
import { UserError } from "../lib/user-error.ts";

/** What yargs knows at this point of the command line; it does not type these two. */
type Untyped = {
  getOptions(): {
    readonly key: Readonly<Record<string, unknown>>;
    readonly string: readonly string[];
    readonly number: readonly string[];
    readonly array: readonly string[];
  };
  getInternalMethods(): { getCommandInstance(): { getCommands(): readonly string[] } };
};
const untyped = (cli: Argv): Untyped => cli as unknown as Untyped;

/**
 * What yargs lets pass and is still a mistake: an option without its value (it would silently take
 * the default), a number that is none, an option given twice. The message, or null.
 */
export function optionProblem(
  cli: Argv,
  parsed: Readonly<Record<string, unknown>>,
  args: readonly string[],
): string | null {
  const options = untyped(cli).getOptions();
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
export function usageError(
  message: string,
  cli: Argv,
  args: readonly string[],
  command: string | undefined,
): UserError {
  const unknown = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(message)?.[1];
  const meant = unknown === undefined ? null : suggestion(unknown, cli, args);
  const hint = `see: ordeal ${command === undefined ? "" : `${command} `}--help`;
  return new UserError("the command line does not parse", [
    {
      where: ["ordeal", ...args].join(" "),
      what: message.replace(/\s*\n\s*/g, " ").trim(),
      fix: meant === null ? hint : `did you mean ${meant}? ${hint}`,
    },
  ]);
}

/** A word that stands alone is a command, or one of a command's own; any other is an option's name. */
function suggestion(unknown: string, cli: Argv, args: readonly string[]): string | null {
  if (args.includes(unknown)) {
    return closest(unknown, untyped(cli).getInternalMethods().getCommandInstance().getCommands());
  }
  const flag = closest(unknown, Object.keys(untyped(cli).getOptions().key));
  return flag === null ? null : `--${flag}`;
}
