import type { Argv, CommandModule } from "yargs";

type CheckArgs = { readonly file: string; readonly timeout: string; readonly json: boolean };

/** Judges a recorded history: the same checks as at the end of a chaos run. */
export const command: CommandModule<object, CheckArgs> = {
  command: "check <file>",
  describe: "Prove or refute that a recorded history is linearizable",
  builder: (yargs): Argv<CheckArgs> =>
    yargs
      .positional("file", {
        type: "string",
        demandOption: true,
        describe: "a history.bin, as `ordeal load --history` and `ordeal chaos run` write it",
      })
      .option("timeout", {
        type: "string",
        default: "60s",
        describe: "then the verdict is unknown",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 check reports/demo/demo/20251121T024410123Z-42/history.bin", "judge it again")
      .example("$0 check h.bin --timeout 10m --json", "more time for a hard one")
      .epilogue("Exits with 0: linearizable, 2: not, 3: unknown, 64: not a history."),
  handler: async ({ file, timeout, json }) => {
    const { runCheck } = await import("./check/run.ts");
    const { exitCode, output } = await runCheck(file, timeout, json);
    console.log(output);
    process.exitCode = exitCode;
  },
};
