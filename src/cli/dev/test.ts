/**
 * `npm test`: type check, format check, then every test, in parallel processes. Arguments go to
 * `bun test` (`npm test -- src/kv`). The last line is `N passed, N failed`, where each check counts as
 * one. Exit code 0 when all passed, 1 when not, 130 when interrupted. Test files of real processes
 * that fail run once more, alone; what then passes is named as flaky (docs/adr/0012-flaky-tests.md).
 *
 * A run of all tests also counts the lines that they ran, prints a line a folder, and counts as failed
 * when a folder of L0–L2 has too few (coverage.ts). coverage/lcov.info has every line.
 */
import { availableParallelism } from "node:os";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { adoptOrphans } from "../../runtime/parent.ts";
import { byFolder, coverageTable, readLcov, tooLow } from "./coverage.ts";
import { sourceLines } from "./coverage-files.ts";
import { killDescendants } from "./descendants.ts";
import { TestOutput } from "./test-output.ts";

const ROOT = join(import.meta.dir, "../../..");
const KEEP = join(import.meta.dir, "keep.ts");
const COVERAGE = join(ROOT, "coverage");
/** Of the whole run: a synchronous loop in a test is not stopped by that test's own timeout. */
const RUN_MS_MAX = 480_000;
const SECOND_RUN_MS_MAX = 120_000;
/** Of one test: generous, since CI machines are shared. */
const TEST_MS_MAX = 60_000;
/**
 * Where real processes, sockets and browsers are tested: only there can a machine be to blame. All
 * else is deterministic, and a failure there is never tried again.
 */
const REAL =
  /^src\/(bench|chaos|cli|connect|dashboard|runtime|target)\/|^src\/report\/page\.test\.ts$/;

const EXIT_INTERRUPTED = 130;

type Counts = { readonly passed: number; readonly failed: number };
type Run = { readonly code: number; readonly output: TestOutput };

/**
 * The environment of the checks and tests. Two blocked file operations would stall all others. Never
 * FORCE_COLOR, although it would colour our own output: whatever a test starts would inherit it.
 */
const env = { ...process.env, UV_THREADPOOL_SIZE: "8", FORCE_COLOR: undefined };

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

/** Runs `bun test`; whatever happens, no process of it is left. */
async function bunTest(extra: readonly string[], jobs: number, msMax: number): Promise<Run> {
  // Told, because bun takes UV_THREADPOOL_SIZE for the number of cores.
  const args = ["test", `--parallel=${jobs}`, `--timeout=${TEST_MS_MAX}`, ...extra];
  console.log(`$ bun ${args.join(" ")}`);
  const child = Bun.spawn([process.execPath, KEEP, process.execPath, ...args], {
    cwd: ROOT,
    env,
    stdio: ["pipe", "inherit", "pipe"],
    detached: true, // A terminal's Ctrl-C is for us, and we end it.
  });
  const ended = child.exited.then((code) => {
    killDescendants(); // If the keeper itself was killed.
    return code;
  });
  const end = (): void => void child.stdin.end();
  const interrupt = (): void => {
    end();
    void ended.then(() => process.exit(EXIT_INTERRUPTED));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, interrupt);
  const limit = setTimeout(() => {
    console.error(`the tests took longer than ${msMax / 1000} s and were ended`);
    end();
  }, msMax);
  const output = new TestOutput();
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr) {
    process.stderr.write(chunk);
    output.push(decoder.decode(chunk, { stream: true }));
  }
  clearTimeout(limit);
  return { code: await ended, output };
}

/** One file more at a time than there are cores: tests of real processes wait half of their time. */
async function runTests(extra: readonly string[]): Promise<Counts> {
  const { code, output } = await bunTest(extra, availableParallelism() + 1, RUN_MS_MAX);
  const { passed, failed } = output;
  // A run that was ended fails without a failing test.
  if (code === 0 || failed === 0) return { passed, failed: code === 0 ? failed : failed || 1 };
  const first = [...output.failures].filter(([file]) => REAL.test(file));
  const isPlain = extra.every((word) => !word.startsWith("-") || word.startsWith("--coverage"));
  if (first.length === 0 || !isPlain) return { passed, failed };

  console.error("\nThe files of real processes that failed run once more, each alone:");
  const files = first.map(([file]) => `./${file}`);
  const second = await bunTest(files, 1, SECOND_RUN_MS_MAX);
  const flaky = first.flatMap(([file, names]) => {
    return names.filter((name) => passedIn(second, file, name)).map((name) => `${file}: ${name}`);
  });
  for (const name of flaky) console.error(`flaky: passed at the second try: ${name}`);
  return { passed: passed + flaky.length, failed: failed - flaky.length };
}

async function testsAndCoverage(extra: readonly string[]): Promise<readonly Counts[]> {
  // A part of the tests says nothing of the rest.
  if (extra.length > 0) return [await runTests(extra)];
  await rm(COVERAGE, { recursive: true, force: true });
  const counts = await runTests([
    "--coverage",
    "--coverage-reporter=lcov",
    `--coverage-dir=${COVERAGE}`,
  ]);
  return [counts, await checkCoverage()];
}

/** Sums up what the run that has just ended counted. */
async function checkCoverage(): Promise<Counts> {
  const file = Bun.file(join(COVERAGE, "lcov.info"));
  if (!(await file.exists())) {
    console.error("coverage failed: the tests ended before they had told which lines they ran");
    return { passed: 0, failed: 1 };
  }
  try {
    const lcov = await file.text();
    const folders = byFolder(readLcov(lcov), await sourceLines(ROOT));
    console.log("\nlines that the tests ran:");
    for (const line of coverageTable(folders)) console.log(`  ${line}`);
    if (tooLow(folders).length === 0) return { passed: 1, failed: 0 };
    console.error("coverage failed: a folder of L0–L2 has too few lines that a test runs");
  } catch (error) {
    console.error(`coverage failed: ${(error as Error).message}`);
  }
  return { passed: 0, failed: 1 };
}

/** Whether the test that failed before passed now. A run that was cut short does not tell. */
function passedIn({ code, output }: Run, file: string, name: string): boolean {
  if (code !== 0 && output.failed === 0) return false;
  const failures = output.failures.get(file) ?? [];
  return !failures.some((failure) => failure === name || failure.includes("(worker crashed"));
}

adoptOrphans();
const counts = [
  await check("bun check", ["check"]),
  // Code for browsers: its globals are other ones.
  await check("bun check -p src/dashboard/page", ["check", "-p", "src/dashboard/page"]),
  await check("bun fmt", ["fmt", "--check"]),
  ...(await testsAndCoverage(process.argv.slice(2))),
];
const passed = counts.reduce((sum, one) => sum + one.passed, 0);
const failed = counts.reduce((sum, one) => sum + one.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
