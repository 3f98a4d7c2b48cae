import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { isAlive } from "./testing/process.ts";
import { until } from "./testing/until.ts";

const PARENT_MODULE = JSON.stringify(join(import.meta.dir, "parent.ts"));

const spawned: number[] = [];
afterEach(() => {
  for (const pid of spawned.splice(0)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
});

/** Source of a program that runs `body` with parent.ts, says its pid, and stays. */
const child = (body: string): string =>
  `import { dieWithParent, exitWhenStdinEnds } from ${PARENT_MODULE};
   ${body}
   console.log(process.pid);
   setInterval(() => {}, 1000);`;

/** A process that starts a child of `body` as its own, and the child's pid. */
async function startFamily(body: string) {
  const program = `
    const child = Bun.spawn([process.execPath, "-e", ${JSON.stringify(child(body))}], {
      stdin: "pipe", stdout: "inherit", stderr: "inherit",
    });
    await child.exited;`;
  const parent = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
  spawned.push(parent.pid);
  const { value } = await parent.stdout.getReader().read();
  const pid = Number(new TextDecoder().decode(value));
  expect(pid).toBeGreaterThan(1);
  spawned.push(pid);
  return { parent, childPid: pid };
}

test.if(process.platform === "linux")(
  "dieWithParent: a child that is stopped by SIGSTOP ends with a parent that is killed",
  async () => {
    const { parent, childPid } = await startFamily("dieWithParent();");
    process.kill(childPid, "SIGSTOP");
    parent.kill("SIGKILL");
    await until("the stopped child ends", () => !isAlive(childPid));
  },
);

test("exitWhenStdinEnds: a child ends with a parent that is killed", async () => {
  const { parent, childPid } = await startFamily("exitWhenStdinEnds();");
  parent.kill("SIGKILL");
  await until("the child ends", () => !isAlive(childPid));
});

test("exitWhenStdinEnds: a child lives on while its parent does, whatever it is sent", async () => {
  const one = Bun.spawn([process.execPath, "-e", child("exitWhenStdinEnds(7);")], {
    stdin: "pipe",
    stdout: "pipe",
  });
  spawned.push(one.pid);
  await one.stdout.getReader().read();
  one.stdin.write("a line\n");
  await one.stdin.flush();
  expect(isAlive(one.pid)).toBe(true);
  await one.stdin.end();
  expect(await one.exited).toBe(7);
});
