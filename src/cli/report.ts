import type { Argv, CommandModule } from "yargs";

type ReportArgs = { readonly path: string; readonly json: boolean };

/** Makes the pages of a stored report anew, as after an upgrade, and prints its summary. */
export const command: CommandModule<object, ReportArgs> = {
  command: "report <path>",
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
    const colour = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
    console.log(summaryLines(report, { path: html, colour }).join("\n"));
  },
};
