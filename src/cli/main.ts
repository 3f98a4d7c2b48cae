#!/usr/bin/env bun
import yargs, { type Argv } from "yargs";
import { version } from "../../package.json";
import { EXIT_USAGE, UserError } from "../lib/user-error.ts";
import { COMMANDS } from "./commands.ts";
import { optionProblem, usageError } from "./usage.ts";

/** Exit code for a bug or a failed machine, as against bad input (sysexits' EX_SOFTWARE). */
const EXIT_SOFTWARE = 70;
/** What a shell reports of a process that SIGPIPE ended. */
const EXIT_BROKEN_PIPE = 141;

/**
 * The `ordeal` command. Exit codes: 0 pass, 2 correctness violated, 3 unknown, 64 bad input, 70 our
 * own failure, 130 interrupted (a command without a SIGINT handler dies of the signal, which shells
 * report so). A command sets process.exitCode for a verdict and throws for anything else.
 */
async function main(args: readonly string[]): Promise<void> {
  // A reader such as `head` that has seen enough is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(EXIT_BROKEN_PIPE);
      throw error;
    });
  }
  try {
    await run(args);
  } catch (error) {
    if (error instanceof UserError) {
      console.error(error.message);
      process.exit(EXIT_USAGE);
    }
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exit(EXIT_SOFTWARE);
  }
}

async function run(args: readonly string[]): Promise<void> {
  const chosen = COMMANDS.find((entry) => entry.name === args.find((arg) => !arg.startsWith("-")));
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
      throw error && error.name !== "YError" ? error : usageError(message, cli, args);
    })
    .check((parsed) => {
      const problem = optionProblem(cli, parsed, args);
      if (problem !== null) throw usageError(problem, cli, args);
      return true;
    })
    .exitProcess(false)
    .wrap(100);
  for (const entry of COMMANDS) {
    // Only the chosen command's module is loaded: start-up time counts for `ordeal node`.
    if (entry === chosen) cli.command((await entry.load()).command);
    else if (!entry.hidden) cli.command(entry.name, entry.about);
  }
  await cli.parseAsync();
}

await main(process.argv.slice(2));
