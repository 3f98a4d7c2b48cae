import type { Argv, CommandModule } from "yargs";
import { runCommand } from "../app.ts";
import { type CommandEntry, COMMANDS } from "../commands.ts";

/** Parses a command line as `ordeal` does, and runs nothing. Throws UserError when it does not parse. */
export const parseOnly = (words: readonly string[]): Promise<void> =>
  runCommand(
    words,
    COMMANDS.map((entry): CommandEntry => {
      return {
        ...entry,
        load: async () => ({ command: withoutHandler((await entry.load()).command) }),
      };
    }),
  );

function withoutHandler(module: CommandModule<any, any>): CommandModule<any, any> {
  const { builder } = module;
  const inert = { ...module, handler: () => {} };
  if (typeof builder !== "function") return inert as CommandModule;
  const build = (yargs: Argv): ReturnType<typeof builder> => {
    // Commands of a command are added by its builder, to the one object that there is.
    const add = yargs.command.bind(yargs) as (module: CommandModule) => Argv;
    const addInert = (inner: CommandModule): Argv => add(withoutHandler(inner));
    yargs.command = addInert as Argv["command"];
    return builder(yargs);
  };
  return { ...inert, builder: build } as CommandModule;
}

/** What separates a command from the next one, or from where its output goes. */
const END = /\s(?:\|\||&&|[|>#])\s.*$|;.*$|\s*\\$/;
const START =
  /^(?:\$ )?(?:sudo )?(?:npx |npm run |bun run )?(?:ordeal|"?\S*\bbun"? (?:src\/cli\/)?main\.ts)(?: --(?= ))? (?=\S)/;

/** The `ordeal …` lines of a shell script, as words, without what starts the program. */
export function ordealLines(script: string): string[][] {
  const arrays = new Map<string, string>();
  for (const [, name, words] of script.matchAll(/\b(\w+)\+=\(([^)]*)\)/g)) {
    arrays.set(name!, `${arrays.get(name!) ?? ""} ${words}`);
  }
  return script
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => START.test(line))
    .map((line) => line.replace(START, "").replace(END, ""))
    .map((line) => line.replace(/"\$\{(\w+)\[@\]\}"/g, (_, name: string) => arrays.get(name) ?? ""))
    .map(wordsOf);
}

/** As a shell would split them; a variable is taken for 1, which is a number and a word. */
const wordsOf = (line: string): string[] =>
  [
    ...line.replace(/\$\(\([^)]*\)\)|\$\w+|\$\{\w+\}/g, "1").matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
  ].map(([, double, single, bare]) => double ?? single ?? bare ?? "");
