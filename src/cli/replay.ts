import type { Argv, CommandModule } from "yargs";

const EXIT_DIFFERS = 2;

type Args = { readonly path: string; readonly json: boolean };

/** Gives the core what recorded nodes were given, and says whether it does the same again. */
export const command: CommandModule<object, Args> = {
  command: "replay <path>",
  describe: "Give the core the recorded inputs of real nodes, and compare what it does",
  builder: (yargs): Argv<Args> =>
    yargs
      .positional("path", {
        type: "string",
        demandOption: true,
        describe: "a recording, or the directory of a run that recorded",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 replay reports/chaos/leader-churn/RUN", "all nodes of a run with --record")
      .example("$0 replay node-1/recording.bin", "what `ordeal node --record` wrote")
      .epilogue("Exit codes: 0 replays identically, 2 core and recording differ, 64 bad input."),
  handler,
};

async function handler({ path, json }: Args): Promise<void> {
  const { replayFile, replayLines, recordingsIn } = await import("./replay/recordings.ts");
  const replays = [];
  for (const file of await recordingsIn(path)) replays.push(await replayFile(file));
  const differs = replays.some(({ difference }) => difference !== null);
  if (json) console.log(JSON.stringify({ identical: !differs, recordings: replays }, null, 2));
  else for (const replay of replays) console.log(replayLines(replay).join("\n"));
  if (differs) process.exitCode = EXIT_DIFFERS;
}
