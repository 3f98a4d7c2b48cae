/**
 * `npm test`: type check, format check, then every test, in parallel processes. Arguments go to
 * `bun test` (`npm test -- src/kv`). The last line is `N passed, N failed`, where each check counts as
 * one. Exit code 0 when all passed, 1 when not, 130 when interrupted.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
/** Of the whole run: a synchronous loop in a test is not stopped by that test's own timeout. */
const RUN_MS_MAX = 170_000;
/** Of one test: generous, since CI machines are shared. */
const TEST_MS_MAX = 30_000;

const EXIT_INTERRUPTED = 130;

type Counts = { readonly passed: number; readonly failed: number };

/** The environment of the checks and tests. Two blocked file operations would stall all others. */
const env = {
  ...process.env,
  UV_THREADPOOL_SIZE: "8",
  ...(process.stderr.isTTY && process.env["NO_COLOR"] === undefined ? { FORCE_COLOR: "1" } : {}),
};

async function check(name: string, args: readonly string[]): Promise<Counts> {
  console.log(`$ bun ${args.join(" ")}`);
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const isOk = (await child.exited) === 0;
  if (!isOk) console.error(`${name} failed`);
  return { passed: isOk ? 1 : 0, failed: isOk ? 0 : 1 };
}

async function runTests(extra: readonly string[]): Promise<Counts> {
  // Told, because bun takes UV_THREADPOOL_SIZE for the number of cores.
  const args = [
    "test",
    `--parallel=${availableParallelism()}`,
    `--timeout=${TEST_MS_MAX}`,
    ...extra,
  ];
  console.log(`$ bun ${args.join(" ")}`);
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "inherit", "pipe"],
    detached: true, // A process group of its own, so that its workers can be ended with it.
  });
  const end = (signal: NodeJS.Signals): void => void process.kill(-child.pid, signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      end("SIGKILL");
      process.exit(EXIT_INTERRUPTED);
    });
  }
  const limit = setTimeout(() => {
    console.error(`the tests took longer than ${RUN_MS_MAX / 1000} s and were ended`);
    end("SIGKILL");
  }, RUN_MS_MAX);
  const tail = await relay(child.stderr);
  const code = await child.exited;
  clearTimeout(limit);
  const failed = count(tail, "fail");
  // A file that does not load, and a run that was ended, fail without a failing test.
  return { passed: count(tail, "pass"), failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** Passes a stream on to stderr as it comes; returns the end of it, where the summary is. */
async function relay(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of stream) {
    process.stderr.write(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4096);
  }
  return tail;
}

/** The number on the summary's last " N pass" or " N fail" line. */
function count(tail: string, word: "pass" | "fail"): number {
  const lines = Bun.stripANSI(tail).matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"));
  return Number([...lines].at(-1)?.[1] ?? 0);
}

const counts = [
  await check("bun check", ["check"]),
  await check("bun fmt", ["fmt", "--check"]),
  await runTests(process.argv.slice(2)),
];
const passed = counts.reduce((sum, one) => sum + one.passed, 0);
const failed = counts.reduce((sum, one) => sum + one.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
