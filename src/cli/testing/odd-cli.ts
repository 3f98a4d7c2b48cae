/** A CLI of commands that end in every way a command can; started by app.test.ts. */
import type { CommandModule } from "yargs";
import { UserError } from "../../lib/user-error.ts";
import { main } from "../app.ts";
import type { CommandEntry } from "../commands.ts";

const entry = (name: string, handler: () => void | Promise<void>): CommandEntry => {
  const command: CommandModule = { command: name, describe: name, handler };
  return { name, about: name, load: () => Promise.resolve({ command }) };
};

await main(process.argv.slice(2), [
  entry("verdict", () => {
    process.exitCode = 2;
  }),
  entry("mistake", async () => {
    await Promise.resolve();
    throw new UserError("bad thing", [{ where: "here", what: "wrong", fix: "mend it" }]);
  }),
  entry("bug", () => {
    throw new Error("a bug");
  }),
  entry("late-bug", () => void setTimeout(() => Promise.reject(new Error("a late bug")), 1)),
  entry("late-mistake", () => {
    setTimeout(() => {
      throw new UserError("bad thing", [{ where: "here", what: "wrong", fix: "mend it" }]);
    }, 1);
  }),
  entry("talk", async () => {
    for (;;) {
      process.stdout.write(`${"x".repeat(1000)}\n`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }),
  entry("wait", () => {
    console.log("waiting");
    setInterval(() => {}, 1000);
  }),
  {
    name: "broken",
    about: "does not load",
    load: () => Promise.reject(new Error("loaded though not chosen")),
  },
]);
