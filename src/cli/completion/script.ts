import { basename } from "node:path";
import yargs, { type Argv } from "yargs";
import { type ModuleFolder, ownModules } from "../../lib/own-modules.ts";
import { CHAOS_TARGET_NAMES } from "../targets.ts";

/** yargs' own script for a shell, which calls `ordeal` for what fits. */
export function completionScript(shell: "bash" | "zsh" | undefined): string {
  // The one thing that yargs goes by.
  if (shell !== undefined) process.env["SHELL"] = `/bin/${shell}`;
  if (shell === "bash") delete process.env["ZSH_NAME"];
  const said: string[] = [];
  const { log } = console;
  console.log = (text: string) => void said.push(text);
  try {
    yargs([]).scriptName("ordeal").showCompletionScript();
  } finally {
    console.log = log;
  }
  return said.join("\n");
}

/** The names that stand for modules of the project, by the commands that take them. */
const NAMES: Readonly<
  Record<string, { readonly of: readonly string[]; readonly dir: ModuleFolder }>
> = {
  chaos: { of: ["run", "show", "sim"], dir: "chaos" },
  bench: { of: ["run"], dir: "bench" },
};

type Done = (found: readonly string[]) => void;
type Usual = (then: (error: Error | null, found?: readonly string[]) => void) => void;

/**
 * Lets yargs complete, after commands, options and choices, the names of scenarios and suites. `words`: of
 * the command line so far, without the name of the program.
 */
export function completeNames(cli: Argv, words: readonly string[]): void {
  const complete = (_current: string, _argv: unknown, usual: Usual, done: Done): void =>
    usual((error, found = []) => {
      if (error !== null) throw error;
      done([...found, ...namesFor(words)]);
    });
  // The types of yargs lack this form of the function, which its documentation has.
  cli.completion("completion", false, complete as never);
}

/** The names that may stand for the last of these words. */
export function namesFor(words: readonly string[]): readonly string[] {
  const [command = "", sub = ""] = words;
  const current = words.at(-1) ?? "";
  // It takes paths too, and so has no choices for yargs to complete.
  if (command === "chaos" && sub === "run" && words.at(-2) === "--target") {
    return CHAOS_TARGET_NAMES.filter((name) => name.startsWith(current));
  }
  const names = NAMES[command];
  // Behind an option stands its value.
  const isName = words.length > 2 && !current.startsWith("-") && !words.at(-2)!.startsWith("-");
  if (names === undefined || !isName || !names.of.includes(sub)) return [];
  return ownModules(names.dir)
    .map((file) => basename(file, ".ts"))
    .filter((name) => name.startsWith(current))
    .sort();
}
