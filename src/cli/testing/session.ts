import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
const BLOCK = /^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm;

/** What a document tells its reader to do: save a file, or type a command and see what it prints. */
export type Deed =
  | { readonly kind: "file"; readonly name: string; readonly text: string }
  | { readonly kind: "command"; readonly command: string; readonly shown: string };

/**
 * The deeds of a document, in order: blocks with a file's name behind the language, and the commands
 * behind `$ ` in blocks of `console`, each with the lines below it.
 */
export function deedsOf(markdown: string): readonly Deed[] {
  return [...markdown.matchAll(BLOCK)].flatMap(([, language, name, text = ""]): Deed[] => {
    if (name !== undefined) return [{ kind: "file", name, text }];
    if (language !== "console") return [];
    return text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = ""] = part.split("\n", 1);
        return { kind: "command", command, shown: part.slice(command.length + 1) };
      });
  });
}

/** Makes `dir` a project that has Ordeal as a package, and `npx ordeal` there what a reader gets. */
export function projectIn(dir: string): void {
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(ROOT, join(dir, "node_modules", "ordeal"));
  mkdirSync(join(dir, "bin"));
  const main = join(ROOT, "src/cli/main.ts");
  const script = `#!/bin/sh\nshift\nexec "${process.execPath}" "${main}" "$@"\n`;
  writeFileSync(join(dir, "bin/npx"), script, { mode: 0o755 });
}

/**
 * What a command prints in such a project, output and errors as a terminal mixes them; a last line
 * `exit N` unless that is 0.
 */
export async function typed(command: string, dir: string): Promise<string> {
  const child = Bun.spawn(["sh", "-c", `{ ${command}\n} 2>&1`], {
    cwd: dir,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...without(process.env),
      PATH: `${join(dir, "bin")}:${process.env["PATH"]}`,
      NO_COLOR: "1",
      // A repository in there is nobody's.
      ...{ GIT_AUTHOR_NAME: "A Reader", GIT_AUTHOR_EMAIL: "reader@example.com" },
      ...{ GIT_COMMITTER_NAME: "A Reader", GIT_COMMITTER_EMAIL: "reader@example.com" },
      ...{ GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
    },
  });
  const printed = await child.stdout.text();
  const code = await child.exited;
  return printed + (code === 0 ? "" : `exit ${code}\n`);
}

/** What a git hook that runs us, or a terminal, has set. */
function without(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(env).filter(
    ([name, value]) => value !== undefined && !/^GIT_|^FORCE_COLOR$/.test(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

/**
 * Whether `printed` is what the document shows: `…` stands for anything within a line, a line of it alone
 * for any lines, or none.
 */
export function isShown(printed: string, shown: string): boolean {
  const pattern = shown
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      if (line === "…") return "(?:.*\\n)*?";
      return `${line.split("…").map(RegExp.escape).join(".*")}\\n`;
    })
    .join("");
  return new RegExp(`^${pattern}$`).test(printed);
}
