import { expect, test } from "bun:test";
import { join } from "node:path";
import { version } from "../../package.json";
import { UserError } from "../lib/user-error.ts";
import { COMMANDS } from "./commands.ts";
import { parseCount, parseDurationMs } from "./parse.ts";

const MAIN = join(import.meta.dir, "main.ts");
const ODD = join(import.meta.dir, "testing/odd-cli.ts");

async function run(script: string, ...args: readonly string[]) {
  const child = Bun.spawn([process.execPath, script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { out, err, code: await child.exited };
}

/** The command paths that a help text lists: `ordeal chaos run <names..>` is ["chaos", "run"]. */
function subcommands(help: string, path: readonly string[]): string[][] {
  const list = /^Commands:\n((?: .*\n)+)/m.exec(help)?.[1] ?? "";
  const start = ["ordeal", ...path].join(" ");
  return list
    .split("\n")
    .filter((line) => line.startsWith(`  ${start} `))
    .map((line) => [...path, line.slice(start.length + 3).split(" ")[0]!]);
}

/** The help of a command and of all below it, by path. */
async function helpOf(path: readonly string[]): Promise<Map<string, string>> {
  const { out, err, code } = await run(MAIN, ...path, "--help");
  expect([path, code, err]).toEqual([path, 0, ""]);
  const below = await Promise.all(subcommands(out, path).map(helpOf));
  return new Map([[path.join(" "), out], ...below.flatMap((map) => [...map])]);
}

test("help: every command and subcommand has an example", async () => {
  const hidden = COMMANDS.filter((entry) => entry.hidden).map((entry) => [entry.name]);
  const helps = await Promise.all([[], ...hidden].map(helpOf));
  const all = new Map(helps.flatMap((map) => [...map]));
  for (const { name } of COMMANDS) expect([...all.keys()]).toContain(name);
  expect([...all.keys()]).toContain("chaos run");
  const without = [...all].filter(([, help]) => !/^Examples:\n {2}ordeal /m.test(help));
  expect(without.map(([path]) => path)).toEqual([]);
}, 120_000);

test("command table: says what the modules say", async () => {
  for (const { name, about, hidden, load } of COMMANDS) {
    const { command } = await load();
    expect(String(command.command).split(" ")[0]!).toBe(name);
    expect([name, command.describe]).toEqual([name, hidden ? false : about]);
  }
});

test("--version: prints the package's", async () => {
  expect(await run(MAIN, "--version")).toEqual({ out: `${version}\n`, err: "", code: 0 });
});

test("a mistyped command, subcommand or option: exit 64, the nearest one, and where the help is", async () => {
  const cases: readonly [args: readonly string[], fix: string][] = [
    [["choas"], "did you mean chaos? see: ordeal --help"],
    [["chaos", "lsit"], "did you mean list? see: ordeal chaos --help"],
    [["chaos", "run", "demo", "--sede", "3"], "did you mean --seed? see: ordeal chaos --help"],
    [["demo", "--xyzzy"], "see: ordeal demo --help"],
    [[], "see: ordeal --help"],
  ];
  const results = await Promise.all(cases.map(([args]) => run(MAIN, ...args)));
  results.forEach(({ out, err, code }, i) => {
    expect([code, out]).toEqual([64, ""]);
    expect(err).toContain(`fix: ${cases[i]![1]}\n`);
    expect(err).not.toMatch(/^ +at /m);
  });
});

test("an option without its value, twice, or not a number: exit 64, not the default", async () => {
  const cases: readonly [args: readonly string[], what: string][] = [
    [["demo", "--duration"], "--duration needs a value"],
    [["demo", "--duration", "--seed", "1"], "--duration needs a value"],
    [["demo", "--seed", "1", "--seed", "2"], "--seed stands twice"],
    [["demo", "--seed", "one"], "--seed is not a number"],
    [["node", "--config", "x", "--id", "one"], '--id: "one" is not a number'],
  ];
  const results = await Promise.all(cases.map(([args]) => run(MAIN, ...args)));
  results.forEach(({ err, code }, i) => {
    expect(code).toBe(64);
    expect(err).toContain(cases[i]![1]);
  });
});

test("exit codes: of a verdict, a mistake and a bug, also when they come late", async () => {
  const mistake = "bad thing\n  here: wrong\n    fix: mend it\n";
  expect(await run(ODD, "verdict")).toEqual({ out: "", err: "", code: 2 });
  expect(await run(ODD, "mistake")).toEqual({ out: "", err: mistake, code: 64 });
  expect(await run(ODD, "late-mistake")).toEqual({ out: "", err: mistake, code: 64 });
  for (const [name, message] of [
    ["bug", "Error: a bug"],
    ["late-bug", "Error: a late bug"],
  ] as const) {
    const { err, code } = await run(ODD, name);
    expect([name, code, err.split("\n")[0]]).toEqual([name, 70, message]);
    expect(err).toMatch(/^ +at .*odd-cli/m);
  }
});

test("a command that is not chosen is not loaded", async () => {
  const { out, code } = await run(ODD, "--help");
  expect(code).toBe(0);
  expect(out).toContain("ordeal broken");
  const { err } = await run(ODD, "broken");
  expect(err).toContain("loaded though not chosen");
});

test("a reader that has seen enough ends the command quietly", async () => {
  const child = Bun.spawn(["sh", "-c", `"$0" "$1" talk | head -c 10`, process.execPath, ODD], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(await new Response(child.stdout).text()).toBe("x".repeat(10));
  expect(await new Response(child.stderr).text()).toBe("");
  await child.exited;
});

test("Ctrl-C ends a command that has no handler of its own by the signal: 130 in a shell", async () => {
  const child = Bun.spawn([process.execPath, ODD, "wait"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await child.stdout.getReader().read();
  child.kill("SIGINT");
  await child.exited;
  expect(child.signalCode).toBe("SIGINT");
});

test("durations: have units, seconds without one", () => {
  for (const [text, ms] of [
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["20", 20_000],
    [" 0.5 s ", 500],
  ] as const) {
    expect(parseDurationMs(text, "--duration")).toBe(ms);
  }
  for (const text of ["", "s", "0", "0.1ms", "-1s", "1d", "1 s 2", "1e3", "ten", "9".repeat(20)]) {
    expect(() => parseDurationMs(text, "--duration")).toThrow(UserError);
  }
});

test("counts: are whole numbers within their bounds", () => {
  expect(parseCount("42", "--seed", 0)).toBe(42);
  expect(parseCount(3, "-n", 1, 9)).toBe(3);
  for (const text of ["", " ", "1.5", "abc", "0", "10", NaN, -1, Infinity]) {
    expect(() => parseCount(text, "-n", 1, 9)).toThrow("give one from 1 to 9");
  }
});
