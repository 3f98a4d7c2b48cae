import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deedsOf, isShown, projectIn, typed } from "./testing/session.ts";

const DOCS = join(import.meta.dir, "../../docs");
const EXAMPLE = join(DOCS, "examples/your-own-system");
/** Of one tutorial: its runs load for seconds, on machines that are shared. */
const WITHIN_MS = 180_000;

const root = mkdtempSync(join(tmpdir(), "ordeal-tutorials-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Does what the tutorial tells its reader to do, in a folder of its own that begins with `files`. */
async function follow(name: string, files: readonly string[]): Promise<number> {
  const dir = join(root, name);
  mkdirSync(dir);
  projectIn(dir);
  for (const file of files) copyFileSync(join(EXAMPLE, file), join(dir, file));
  let commands = 0;
  for (const deed of deedsOf(await Bun.file(join(DOCS, "tutorials", `${name}.md`)).text())) {
    if (deed.kind === "file") {
      await Bun.write(join(dir, deed.name), deed.text);
      continue;
    }
    const printed = await typed(deed.command, dir);
    // As a comparison, so that a difference is shown whole.
    if (!isShown(printed, deed.shown)) expect(`$ ${deed.command}\n${printed}`).toBe(deed.shown);
    commands++;
  }
  return commands;
}

// They wait most of the time, each for its own runs.
test.concurrent(
  "tutorial: a first scenario is written, looked at, simulated and run",
  async () => expect(await follow("first-scenario", [])).toBe(7),
  WITHIN_MS,
);

test.concurrent(
  "tutorial: a system that Ordeal does not know is killed, and its bug is found",
  async () => expect(await follow("your-own-system", [])).toBe(3),
  WITHIN_MS,
);

test.concurrent(
  "tutorial: a pull request that reads stale data is stopped by the gate",
  async () => expect(await follow("gate-your-pull-requests", readdirSync(EXAMPLE))).toBe(3),
  WITHIN_MS,
);

test("tutorial: the files of your own system are those of docs/examples", async () => {
  const text = await Bun.file(join(DOCS, "tutorials/your-own-system.md")).text();
  const files = deedsOf(text).flatMap((deed) => (deed.kind === "file" ? [deed] : []));
  expect(files.map(({ name }) => name).sort()).toEqual(readdirSync(EXAMPLE).sort());
  for (const file of files) {
    expect(file.text).toBe(await Bun.file(join(EXAMPLE, file.name)).text());
  }
});
