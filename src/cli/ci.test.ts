import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadScenarios } from "../chaos/catalog.ts";
import { plant, STALE_READS } from "./gate/planted.ts";
import { ordealLines, parseOnly } from "./testing/command-lines.ts";

const ROOT = join(import.meta.dir, "../..");
const WORKFLOWS = join(ROOT, ".github/workflows");

const GATE_WITHIN_MS = 120_000;

type Step = {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly with?: Readonly<Record<string, unknown>>;
};
type Job = {
  readonly "timeout-minutes"?: number;
  readonly strategy?: {
    readonly matrix: { readonly include?: readonly { readonly flags?: string }[] };
  };
  readonly steps: readonly Step[];
};
type Workflow = {
  readonly permissions?: unknown;
  readonly concurrency?: { readonly group?: string };
  readonly jobs: Readonly<Record<string, Job>>;
};
type Action = {
  readonly inputs: Readonly<
    Record<string, { readonly description?: string; readonly default?: unknown }>
  >;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
};

const textOf = (path: string): Promise<string> => Bun.file(join(ROOT, path)).text();
const names = (await readdir(WORKFLOWS)).filter((name) => name.endsWith(".yml")).sort();
const workflows = await Promise.all(
  names.map(async (name) => {
    const text = await textOf(`.github/workflows/${name}`);
    return { name, text, workflow: Bun.YAML.parse(text) as Workflow };
  }),
);
const actionText = await textOf("action.yml");
const action = Bun.YAML.parse(actionText) as Action;
const manual = await textOf("docs/ci.md");

/** The blocks of a language in docs/ci.md. */
const blocks = (language: string): string[] =>
  [...manual.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, text]) => text!,
  );

/** YAML of workflows in the manual: whole ones, and steps alone. */
const examples = blocks("yaml").map((text) => Bun.YAML.parse(text) as Workflow | readonly Step[]);
const exampleSteps = examples.flatMap((example) =>
  Array.isArray(example)
    ? (example as readonly Step[])
    : Object.values((example as Workflow).jobs).flatMap(({ steps }) => steps),
);

const jobs = workflows.flatMap(({ workflow }) => Object.values(workflow.jobs));
const ownSteps = [...jobs.flatMap(({ steps }) => steps), ...action.runs.steps];
const scripts = [...ownSteps, ...exampleSteps].flatMap(({ run }) => run ?? []);

/** Every `ordeal …` that somebody may run as it stands. */
const commands: readonly (readonly string[])[] = [
  ...jobs.flatMap(({ steps, strategy }) => {
    const flags = strategy?.matrix.include?.flatMap((each) => each.flags ?? []) ?? [""];
    return steps.flatMap(({ run = "" }) =>
      flags.flatMap((own) => ordealLines(run.replaceAll("$FLAGS", own))),
    );
  }),
  ...[...action.runs.steps, ...exampleSteps].flatMap(({ run = "" }) => ordealLines(run)),
  ...blocks("sh").flatMap(ordealLines),
  ...[...manual.matchAll(/`((?:npx )?ordeal [a-z][^`…]* --[^`…]*)`/g)].flatMap(([, line]) =>
    ordealLines(line!),
  ),
];

test("CI: every ordeal command line in workflows, action and manual is one that the CLI takes", async () => {
  expect(commands.length).toBeGreaterThan(12);
  const wrong: string[] = [];
  for (const words of commands) {
    await parseOnly(words).catch((error: Error) =>
      wrong.push(`${words.join(" ")}: ${error.message}`),
    );
  }
  expect(wrong).toEqual([]);
  // The check itself can fail: a flag, a command and a subcommand that there are not.
  for (const words of [["gate", "--bass", "main"], ["gait"], ["chaos", "walk"]]) {
    await expect(parseOnly(words)).rejects.toThrow("does not parse");
  }
});

test("CI: the scenarios that are named exist", async () => {
  const known = (await loadScenarios()).map(({ name }) => name);
  const named = commands
    .filter(([command, sub]) => command === "chaos" && sub === "run")
    .flatMap((words) =>
      words.slice(
        2,
        words.findIndex((word, i) => i > 1 && word.startsWith("--")),
      ),
    );
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test("CI: every script is bash, and no expression is pasted into one", async () => {
  expect(scripts.length).toBeGreaterThan(8);
  for (const script of scripts) {
    // What is pasted is run: a branch may be named `$(…)`. Values come by the environment.
    expect(script).not.toContain("${{");
    const bash = Bun.spawn(["bash", "-n"], { stdin: new Blob([script]), stderr: "pipe" });
    expect([await bash.exited, await bash.stderr.text(), script]).toEqual([0, "", script]);
  }
  expect(
    action.runs.steps.filter(({ run, shell }) => run !== undefined && shell !== "bash"),
  ).toEqual([]);
});

test.each(workflows)(
  "CI: $name may only read, says how long it may take, and cannot pile up",
  ({ workflow, text }) => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(workflow.concurrency?.group).toContain("${{ github.ref }}");
    expect(text).not.toContain("pull_request_target");
    for (const job of Object.values(workflow.jobs))
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
    const checkouts = Object.values(workflow.jobs)
      .flatMap(({ steps }) => steps)
      .filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.length).toBeGreaterThan(0);
    for (const step of checkouts) expect(step.with?.["persist-credentials"]).toBe(false);
  },
);

test("CI: actions of others are GitHub's own, at a major version", () => {
  const used = ownSteps.flatMap(({ uses }) => uses ?? []);
  expect(used.filter((name) => name !== "./" && !/^actions\/[a-z-]+@v\d+$/.test(name))).toEqual([]);
});

test("action: inputs that are used are declared, those that are declared are used, all are told of", () => {
  const declared = Object.keys(action.inputs).sort();
  const used = new Set([...actionText.matchAll(/\binputs\.([\w-]+)/g)].map(([, name]) => name!));
  expect([...used].sort()).toEqual(declared);
  for (const [name, { description }] of Object.entries(action.inputs)) {
    expect(description?.length).toBeGreaterThan(10);
    expect(manual).toContain(`| \`${name}\``);
  }
  const given = [...ownSteps, ...exampleSteps]
    .filter(({ uses = "" }) => uses === "./" || /\/ordeal@/.test(uses))
    .flatMap((step) => Object.keys(step.with ?? {}));
  expect(given.length).toBeGreaterThan(3);
  expect(given.filter((name) => !declared.includes(name))).toEqual([]);
});

test("action: every output that is read is one that its step writes", () => {
  const read = [...actionText.matchAll(/\bsteps\.([\w-]+)\.outputs\.([\w-]+)/g)];
  expect(read.length).toBeGreaterThan(4);
  for (const [, id, name] of read) {
    const step = action.runs.steps.find((each) => each.id === id);
    expect(step?.run).toContain(`echo "${name}=`);
  }
  for (const name of Object.keys(action.outputs)) expect(manual).toContain(`| \`${name}\``);
});

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "ordeal-ci-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs a step of the action as the runner does; what it wrote for later steps and people. */
async function runStep(id: string, cwd: string, env: Readonly<Record<string, string>>) {
  const { run } = action.runs.steps.find((step) => step.id === id)!;
  const [output, summary] = [join(dir, `${id}-output`), join(dir, `${id}-summary`)];
  await Promise.all([Bun.write(output, ""), Bun.write(summary, "")]);
  const child = Bun.spawn(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", run!], {
    cwd,
    env: {
      ...process.env,
      ...env,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      RUNNER_TEMP: dir,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, code] = await Promise.all([child.stdout.text(), child.exited]);
  return {
    code,
    out,
    output: await Bun.file(output).text(),
    summary: await Bun.file(summary).text(),
  };
}

async function repository(): Promise<{ path: string; git(...args: string[]): string }> {
  const path = await mkdtemp(join(dir, "repository-"));
  const as = [
    "-c",
    "user.name=a",
    "-c",
    "user.email=a@example.org",
    "-c",
    "core.hooksPath=/dev/null",
  ];
  const git = (...args: string[]): string => {
    const run = Bun.spawnSync(["git", ...as, ...args], { cwd: path });
    if (!run.success) throw new Error(run.stderr.toString());
    return run.stdout.toString().trim();
  };
  git("init", "-q", "-b", "main");
  git("commit", "-q", "--allow-empty", "-m", "one");
  return { path, git };
}

test("action: the base is where the change left its branch, or what was asked for", async () => {
  const { path, git } = await repository();
  const fork = git("rev-parse", "HEAD");
  git("checkout", "-q", "-b", "change");
  git("commit", "-q", "--allow-empty", "-m", "a change");
  git("checkout", "-q", "main");
  git("commit", "-q", "--allow-empty", "-m", "main went on");
  const tip = git("rev-parse", "HEAD");
  git("checkout", "-q", "change");
  const found = await runStep("base", path, { BASE: "", HEAD: "HEAD", BRANCH: tip });
  expect(found).toMatchObject({ code: 0, output: `base=${fork}\n` });
  const asked = await runStep("base", path, { BASE: "v1.2", HEAD: ".", BRANCH: tip });
  expect(asked.output).toBe("base=v1.2\n");
  const none = await runStep("base", path, { BASE: "", HEAD: ".", BRANCH: "0".repeat(40) });
  expect(none.code).toBe(64);
  expect(none.out).toContain("::error title=Ordeal gate::no common ancestor");
});

test("action: a gate that cannot run is an error with its exit code, in the summary too", async () => {
  const { path } = await repository();
  const inputs = { TARGET: "", SUITE: "gate", PAIRS: "1", SEED: "7", AA: "", STRICT: "true" };
  const env = { ...inputs, ORDEAL: ROOT, BASE: "no-such-revision", HEAD: "HEAD" };
  const { code, output, summary } = await runStep("gate", path, env);
  expect([code, output]).toEqual([0, "verdict=error\nexit-code=64\nreport=\n"]);
  expect(summary).toContain("exit code 64");
});

/** Every client asks its own node first, and few keys change all the time. */
const LITTLE = `
import { defineLoadSuite, PUT_LOAD } from "ordeal/src/bench/dsl.ts";
const mix = { ...PUT_LOAD.mix, get: 0.5, put: 0.5 };
const load = { ...PUT_LOAD, clients: 12, connections: 12, keys: 4, mix, homeShare: 1 };
export default defineLoadSuite({
  name: "little", about: "a little", warmupMs: 100, measureMs: 800, runs: 1,
  cases: [{ name: "little", cluster: { nodes: 3, storage: "memory" }, load }],
});
`;

test(
  "action: a head that reads stale data is found in a repository without a package.json, and told of everywhere",
  async () => {
    const { path, git } = await repository();
    const planted = join(dir, "planted");
    plant(STALE_READS, planted);
    const commit = async (target: string): Promise<void> => {
      await Bun.write(join(path, "target.ts"), target);
      git("add", "-A");
      git("commit", "-q", "-m", "target");
    };
    await Bun.write(join(path, "little.ts"), LITTLE);
    await commit(`export { localTarget as target } from "ordeal/src/target/local.ts";`);
    const base = git("rev-parse", "HEAD");
    await commit(
      `import { localTargetAt } from "ordeal/src/target/local.ts";\n` +
        `export const target = localTargetAt(${JSON.stringify(planted)});`,
    );
    const inputs = { TARGET: "target.ts", SUITE: "./little.ts", PAIRS: "12", SEED: "1", AA: "" };
    const env = { ...inputs, STRICT: "", ORDEAL: ROOT, BASE: base, HEAD: "HEAD" };
    const ran = await runStep("gate", path, { ...env, GITHUB_ACTIONS: "true" });
    const [verdict, exit, report = ""] = ran.output.trim().split("\n");
    expect([verdict, exit], ran.out).toEqual(["verdict=violated", "exit-code=2"]);
    const files = await readdir(report.slice("report=".length));
    expect(files.sort()).toEqual(["html", "json", "md", "xml"].map((kind) => `comparison.${kind}`));
    expect(ran.summary.toLowerCase()).toContain("linearizable");
    expect(ran.out).toContain("::error title=");
    expect(git("worktree", "list").split("\n").length).toBe(1);
  },
  GATE_WITHIN_MS,
);

test("manual: the example of a target imports what there is", async () => {
  const [example] = blocks("ts");
  const imports = [...example!.matchAll(/^import (type )?\{ (.+) \} from "ordeal\/(.+)";$/gm)];
  expect(imports.length).toBeGreaterThan(3);
  for (const [, type, named, path] of imports) {
    const module = (await import(join(ROOT, path!))) as Record<string, unknown>;
    if (type !== undefined) expect(await textOf(path!)).toContain(`export type ${named} =`);
    else for (const name of named!.split(", ")) expect(module[name]).toBeDefined();
  }
});
