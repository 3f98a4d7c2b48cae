import type { Argv, CommandModule } from "yargs";
import type { CheckFlags } from "./check/options.ts";

const STDIN = "-";

/** Judges a recorded history: the same checks as at the end of a chaos run. */
export const command: CommandModule<object, CheckFlags> = {
  command: "check <file>",
  describe: "Prove or refute that a recorded history is linearizable",
  builder: (yargs): Argv<CheckFlags> =>
    yargs
      .positional("file", {
        type: "string",
        demandOption: true,
        describe: "a history, ours or of another system; - reads standard input",
      })
      .option("format", {
        type: "string",
        default: "auto",
        describe: "auto|ordeal|jsonl|edn|porcupine-etcd|porcupine-kv",
      })
      .option("model", {
        type: "string",
        default: "auto",
        describe: "auto|register|cas|versioned-kv|append-kv|kv: which operations may occur",
      })
      .option("timeout", {
        type: "string",
        default: "60s",
        describe: "then the verdict is unknown",
      })
      .option("memory", {
        type: "string",
        default: "2GiB",
        describe: "what the search may remember; then the verdict is unknown",
      })
      .option("skew", {
        type: "string",
        describe: "order by the times in the file; clocks may be off by so much",
      })
      .option("failed-cas", {
        type: "string",
        default: "auto",
        describe: "auto|mismatch|ignored: whether a failed cas tells that the value was another",
      })
      .option("html", {
        type: "string",
        describe: "write the counterexample as a page to this file",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 check reports/demo/demo/20251121T024410123Z-42/history.bin", "judge it again")
      .example("$0 check history.edn --timeout 10m --html why.html", "a Jepsen history, more time")
      .epilogue(
        "Exits with 0: linearizable, 2: not, 3: unknown, 64: not a history.\nFormats, models and methods: docs/checker.md",
      ),
  handler: async (flags) => {
    const { runCheck } = await import("./check/run.ts");
    // yargs makes an empty text of a dash that stands alone.
    const isStdin = flags.file === "" && process.argv.includes(STDIN);
    const { exitCode, output } = await runCheck(isStdin ? { ...flags, file: STDIN } : flags);
    console.log(output);
    process.exitCode = exitCode;
  },
};
