import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DOC = join(import.meta.dir, "../../docs/checker.md");
const BLOCK = /^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-check-doc-"));
});
afterAll(() => rm(dir, { recursive: true }));

/** What a shell shows of a command, as the document has it: times vary. */
function transcript(command: string): { readonly output: string; readonly exit: string } {
  const [program, ...args] = command.split(" ");
  expect(program).toBe("ordeal");
  const main = join(import.meta.dir, "main.ts");
  const env = { ...process.env, NO_COLOR: "1" };
  const run = Bun.spawnSync([process.execPath, main, ...args], { cwd: dir, env });
  const output = run.stdout.toString().replace(/^( {2}took {8}).*$/m, "$1…");
  return { output, exit: `exit ${run.exitCode}\n` };
}

test("docs/checker.md: each example does what the document says", async () => {
  const blocks = [...(await Bun.file(DOC).text()).matchAll(BLOCK)];
  let commands = 0;
  for (const [, kind, name, text = ""] of blocks) {
    if (name !== undefined) await Bun.write(join(dir, name), text);
    if (kind !== "console") continue;
    for (const part of text.split(/^\$ /m).slice(1)) {
      const [command = ""] = part.split("\n", 1);
      const shown = part.slice(command.length + 1);
      const { output, exit } = transcript(command);
      // A command of which only the exit code is shown may print what it likes.
      expect(`${command}\n${shown.startsWith("exit ") ? "" : output}${exit}`).toBe(part);
      commands++;
    }
  }
  expect(commands).toBe(5);
});
