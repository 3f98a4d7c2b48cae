import { expect, test } from "bun:test";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import { lockDirectory } from "./dir-lock.ts";

/** Runs `lockDirectory` in a process of its own, which then stays until it is killed. */
async function lockElsewhere(dir: string): Promise<Bun.Subprocess<"pipe", "pipe", "inherit">> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(join(import.meta.dir, "dir-lock.ts"))});
    globalThis.lock = lockDirectory(${JSON.stringify(dir)});
    console.log("locked");
    process.stdin.on("end", () => process.exit(0)).resume();`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "pipe", stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("locked\n");
  return child;
}

test("dir-lock: a second process is refused until the first is gone, even by SIGKILL", async () => {
  const dir = fs.mkdtempSync(join(os.tmpdir(), "ordeal-lock-"));
  const child = await lockElsewhere(dir);
  try {
    expect(() => lockDirectory(dir)).toThrow(UserError);
    expect(() => lockDirectory(dir)).toThrow(`another process (pid ${child.pid}) is using it`);
    child.kill("SIGKILL");
    await child.exited;
    const lock = lockDirectory(dir);
    expect(() => lockDirectory(dir)).toThrow(`(pid ${process.pid})`);
    lock.release();
    lockDirectory(dir).release();
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    fs.rmSync(dir, { recursive: true });
  }
});

test("dir-lock: a path that cannot be a directory is the user's to mend", () => {
  const dir = fs.mkdtempSync(join(os.tmpdir(), "ordeal-lock-"));
  fs.writeFileSync(join(dir, "file"), "");
  expect(() => lockDirectory(join(dir, "file", "data"))).toThrow(/not a directory[^]*fix:/);
  expect(() => lockDirectory(join(dir, "file"))).toThrow(/not a directory[^]*fix:/);
  fs.rmSync(dir, { recursive: true });
});
