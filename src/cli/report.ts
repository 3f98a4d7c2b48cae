import type { Argv, CommandModule } from "yargs";

type ReportArgs = { readonly path: string; readonly json: boolean };
type IndexArgs = { readonly dir: string; readonly json: boolean };

/** Makes the page that lists all runs of a directory, as each run does at its end. */
const index: CommandModule<object, IndexArgs> = {
  command: "index [dir]",
  describe: "List all runs with their verdicts on one page, <dir>/index.html",
  builder: (yargs): Argv<IndexArgs> =>
    yargs
      .positional("dir", { type: "string", default: "reports", describe: "where reports are" })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example("$0 report index", "reports/index.html anew, as after runs were deleted")
      .epilogue("Exits with 0, damaged reports or not, and 64 when there is no such directory."),
  handler: async ({ dir, json }) => {
    const { writeIndex } = await import("../report/write-index.ts");
    const { html, rows } = await writeIndex(dir);
    if (json) return console.log(JSON.stringify({ html, runs: rows }, null, 2));
    const damaged = rows.filter(({ kind }) => kind === "damaged").length;
    console.log(`${html}: ${rows.length} runs${damaged > 0 ? `, ${damaged} damaged` : ""}`);
  },
};

/** Makes the pages of a stored report anew, as after an upgrade, and prints its summary. */
const render: CommandModule<object, ReportArgs> = {
  command: "$0 <path>",
  describe: "Render a stored report again and print its summary",
  builder: (yargs): Argv<ReportArgs> =>
    yargs
      .positional("path", {
        type: "string",
        demandOption: true,
        describe: "a report.json, or the directory of a run",
      })
      .option("json", { type: "boolean", default: false, describe: "one JSON document on stdout" })
      .example(
        "$0 report reports/demo/demo/20251121T024410123Z-42",
        "report.html and report.md anew",
      )
      .epilogue("Exits with 0 whatever the verdict of the report, 64 when it cannot be read."),
  handler: async ({ path, json }) => {
    const { readReport, writePages } = await import("../report/write.ts");
    const { dirname } = await import("node:path");
    const { report, file } = await readReport(path);
    const html = await writePages(report, dirname(file));
    if (json) {
      const { name, kind, runId, verdict, command: repeat } = report;
      console.log(
        JSON.stringify({ kind, name, runId, verdict, command: repeat, json: file, html }),
      );
      return;
    }
    const { summaryLines } = await import("../report/terminal.ts");
    const { useColours } = await import("./colours.ts");
    const colour = useColours(process.stdout);
    console.log(summaryLines(report, { path: html, colour }).join("\n"));
  },
};

export const command: CommandModule = {
  command: "report",
  describe: "Render a stored report again and print its summary",
  builder: (yargs) =>
    yargs.command(index).command(render).example("$0 report index", "the page that lists all runs"),
  handler: () => {},
};
