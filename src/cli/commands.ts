import type { CommandModule } from "yargs";

/** One command of the CLI. `load` imports its module, so that no command pays for another's. */
export type CommandEntry = {
  readonly name: string;
  /** One line for `ordeal --help`; the module's own `describe` says the same (a test compares). */
  readonly about: string;
  /** Not in `ordeal --help`: a process that other commands start. */
  readonly hidden?: true;
  // Each command has options of its own; only the module itself knows their type.
  readonly load: () => Promise<{ readonly command: CommandModule<any, any> }>;
};

/** Every command, in the order of the help. A new command is one line here. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "load",
    about: "Put a running cluster under load and measure it",
    load: () => import("./load.ts"),
  },
];
