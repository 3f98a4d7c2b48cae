import { expect, test } from "bun:test";
import { readLines } from "../target/json-lines.ts";
import { leftOver } from "./left-over.ts";

const start = (command: readonly string[]) =>
  Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "ignore", detached: true });

test("leftOver: a child counts as long as it runs, and nobody else's process ever does", async () => {
  const child = start(["cat"]);
  try {
    expect(leftOver([child.pid])).toEqual([
      { pid: child.pid, what: expect.stringContaining("cat") },
    ]);
    expect(leftOver([])).toEqual([]);
    // As if its number had been given to another process.
    expect(leftOver([process.ppid])).toEqual([]);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
  expect(leftOver([child.pid])).toEqual([]);
});

if (process.platform === "linux") {
  test("leftOver: what a child forked counts after the child itself is gone", async () => {
    // It must outlive the pipes to its parent, which are closed when that one is gone.
    const child = start(["sh", "-c", "sleep 600 & echo $!; wait"]);
    const { value } = await readLines(child.stdout).next();
    const forked = Number(value);
    child.kill("SIGKILL");
    await child.exited;
    try {
      expect(leftOver([child.pid]).map(({ pid }) => pid)).toEqual([forked]);
    } finally {
      process.kill(forked, "SIGKILL");
    }
  });
}
