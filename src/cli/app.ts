import yargs, { type Argv } from "yargs";
import { version } from "../../package.json";
import type { CommandEntry } from "./commands.ts";
import { fail } from "./fail.ts";
import { optionProblem, usageError } from "./usage.ts";

/** What a shell reports of a process that SIGPIPE ended. */
const EXIT_BROKEN_PIPE = 141;
const HELP_COLUMNS_MAX = 100;
/** What the script of `ordeal completion` calls us with, before the words of the command line so far. */
const COMPLETE = "--get-yargs-completions";

/**
 * The `ordeal` command. Exit codes: 0 pass, 2 correctness violated, 3 unknown, 64 bad input, 70 our
 * own failure, 130 interrupted (a command without a SIGINT handler dies of the signal, which shells
 * report so). A command sets process.exitCode for a verdict and throws for anything else; the
 * process ends when nothing is left to do.
 */
export async function main(
  args: readonly string[],
  commands: readonly CommandEntry[],
): Promise<void> {
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // A reader such as `head` that has seen enough is no error.
      if (error.code === "EPIPE") process.exit(EXIT_BROKEN_PIPE);
      fail(error);
    });
  }
  try {
    await runCommand(args, commands);
  } catch (error) {
    fail(error);
  }
}

/** Runs the command that `args` name. Throws UserError when they do not parse. */
export async function runCommand(
  args: readonly string[],
  commands: readonly CommandEntry[],
): Promise<void> {
  const completing = args.indexOf(COMPLETE) >= 0;
  // What is completed begins with the name of the program.
  const words = completing ? args.slice(args.indexOf(COMPLETE) + 2) : args;
  const name = words.find((arg) => !arg.startsWith("-"));
  const chosen = commands.find((entry) => entry.name === name);
  const cli: Argv = yargs([...args])
    .scriptName("ordeal")
    .locale("en")
    .usage("$0 <command>\n\nLoads, breaks, checks and measures replicated key-value stores.")
    .version(version)
    .help()
    .example("$0 demo", "a cluster under load and faults, its verdict and its report")
    .example("$0 <command> --help", "what a command does, its options, and an example")
    .demandCommand(1, "which command?")
    .strict()
    // Throwing here and not only reporting: otherwise the handler would still run.
    .fail((message, error) => {
      if (error && error.name !== "YError") throw error;
      throw usageError(message, cli, args, chosen?.name);
    })
    .check((parsed) => {
      const problem = optionProblem(cli, parsed, args);
      if (problem !== null) throw usageError(problem, cli, args, chosen?.name);
      return true;
    })
    .exitProcess(false)
    .wrap(Math.min(HELP_COLUMNS_MAX, process.stdout.columns ?? HELP_COLUMNS_MAX));
  for (const entry of commands) {
    // Only the chosen command's module is loaded: start-up time counts for `ordeal node`.
    if (entry === chosen) cli.command((await entry.load()).command);
    else if (!entry.hidden) cli.command(entry.name, entry.about);
  }
  if (completing) (await import("./completion/script.ts")).completeNames(cli, words);
  await cli.parseAsync();
}
