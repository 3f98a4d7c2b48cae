import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { readLines } from "../../target/json-lines.ts";
import { isAlive } from "../../target/testing/processes.ts";
import { until } from "../../target/until.ts";

const KEEP = join(import.meta.dir, "keep.ts");
const BUN = JSON.stringify(process.execPath);
const WITHIN_MS = 20_000;

const spawned: number[] = [];
afterEach(() => {
  for (const pid of spawned.splice(0)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
});

/** Leaves a process in a session of its own behind, as `cluster start` does, and says its pid. */
const LEAVES = `
  const left = Bun.spawn(["sleep", "600"], { detached: true, stdio: ["ignore", "ignore", "ignore"] });
  console.log(left.pid);
  process.exit(0);`;

/** Keeps a program that starts LEAVES and then does `then`; `parent` is the keeper's parent. */
async function keep(then: string) {
  const body = `
    await Bun.spawn([${BUN}, "-e", ${JSON.stringify(LEAVES)}], { stdout: "inherit" }).exited;
    ${then}`;
  const args = JSON.stringify([process.execPath, KEEP, process.execPath, "-e", body]);
  const program = `
    const keeper = Bun.spawn(${args}, { stdin: "pipe", stdout: "inherit" });
    console.log(keeper.pid);
    const code = await keeper.exited;
    await keeper.stdin.end(); // Held until now: its end is the keeper's.
    process.exit(code);`;
  const parent = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
  const lines = readLines(parent.stdout);
  const pids: number[] = [];
  for (let i = 0; i < 2; i++) pids.push(Number((await lines.next()).value));
  const [keeper = 0, left = 0] = pids;
  expect([keeper > 1, left > 1]).toEqual([true, true]);
  spawned.push(parent.pid, keeper, left);
  return { parent, keeper, left };
}

test.if(process.platform === "linux")(
  "keep: what a command left running ends with it, and its exit code is passed on",
  async () => {
    const { parent, left } = await keep("process.exit(3);");
    expect(await parent.exited).toBe(3);
    await until("what was left ends", WITHIN_MS, () => !isAlive(left));
  },
);

test.if(process.platform === "linux")(
  "keep: what a command left running ends when the keeper's parent is killed",
  async () => {
    const { parent, keeper, left } = await keep("setInterval(() => {}, 1000);");
    expect(isAlive(left)).toBe(true);
    parent.kill("SIGKILL");
    await until("both end", WITHIN_MS, () => !isAlive(keeper) && !isAlive(left));
  },
);
