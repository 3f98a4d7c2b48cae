import type { CommandModule } from "yargs";

/** A process that other commands start: the links of a local cluster, with their faults. */
export const command: CommandModule<object, { spec: string }> = {
  command: "proxy",
  describe: false,
  builder: (yargs) =>
    yargs
      .option("spec", {
        describe: "where the ProxySpec comes from: - is standard input, before the commands",
        choices: ["-"] as const,
        // Otherwise yargs takes "-" for an argument of its own.
        nargs: 1,
        demandOption: true,
      })
      .example("$0 proxy --spec - < links.jsonl", "run proxies until standard input ends"),
  handler: async () => {
    const { dieWithParent } = await import("../runtime/parent.ts");
    const { runProxy } = await import("../target/local-proxy.ts");
    dieWithParent();
    // A terminal's Ctrl-C is for the process that started this one, and that one closes our input.
    process.on("SIGINT", () => {});
    await runProxy(Bun.stdin.stream(), (event) => {
      process.stdout.write(`${JSON.stringify(event)}\n`);
    });
    process.exit(0);
  },
};
