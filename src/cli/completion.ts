import type { CommandModule } from "yargs";

type Args = { shell: "bash" | "zsh" | undefined };

export const command: CommandModule<object, Args> = {
  command: "completion",
  describe: "Print a script that completes ordeal's command line in your shell",
  builder: (yargs) =>
    yargs
      .option("shell", {
        describe: "which shell; default: the one of $SHELL",
        choices: ["bash", "zsh"] as const,
      })
      .example("$0 completion --shell bash >> ~/.bashrc", "for every new bash")
      .example("$0 completion --shell zsh >> ~/.zshrc", "for every new zsh"),
  handler: async ({ shell }) => {
    const { completionScript } = await import("./completion/script.ts");
    console.log(completionScript(shell));
  },
};
