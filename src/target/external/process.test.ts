import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLines } from "../json-lines.ts";
import { isAlive } from "../testing/processes.ts";
import { until } from "../until.ts";
import { ExternalProcess } from "./process.ts";

const WITHIN_MS = 20_000;
const TEST_MS = 60_000;

const dir = mkdtempSync(join(tmpdir(), "ordeal-external-"));
const log = join(dir, "log");
afterAll(() => rmSync(dir, { recursive: true }));

test(
  "external process: one that ends by itself is told, with what it said; one that is killed is not",
  async () => {
    const told: string[] = [];
    const ends = new ExternalProcess("odd", ["sh", "-c", "echo so long; exit 3"], log);
    ends.watch((failure) => void told.push(failure));
    const stays = new ExternalProcess("even", ["sleep", "1000"], log);
    stays.watch((failure) => void told.push(failure));
    await until("the end is told", WITHIN_MS, () => told.length > 0);
    expect(told[0]).toBe(`odd (pid ${ends.pid}) ended by itself with code 3: so long`);
    expect(ends.running).toBe(false);
    await stays.kill();
    await stays.kill();
    expect(isAlive(stays.pid)).toBe(false);
    expect(told.length).toBe(1);
  },
  TEST_MS,
);

test(
  "external process: what it forked ends with it",
  async () => {
    const out = join(dir, "forked");
    const script = "sleep 1000 & echo $!; wait";
    const parent = new ExternalProcess("the parent", ["sh", "-c", script], out);
    const forked = Number(await until("it has forked", WITHIN_MS, () => parent.said || null));
    expect(isAlive(forked)).toBe(true);
    await parent.kill();
    await until("the forked one is gone", WITHIN_MS, () => !isAlive(forked));
  },
  TEST_MS,
);

test.if(process.platform === "linux")(
  "external process: it is gone when we are killed, even while it is paused",
  async () => {
    const script = join(import.meta.dir, "..", "testing", "sleeper.ts");
    const us = Bun.spawn([process.execPath, script, log], { stdout: "pipe" });
    const { value } = await readLines(us.stdout).next();
    const pid = Number(value);
    expect(isAlive(pid)).toBe(true);
    us.kill("SIGKILL");
    await us.exited;
    await until("it is gone", WITHIN_MS, () => !isAlive(pid));
  },
  TEST_MS,
);
