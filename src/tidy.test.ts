import { Glob } from "bun";
import { expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";

/**
 * What each folder may import besides itself, as folders or single files: lower never imports upper
 * (DESIGN.md, "Layout"). A folder that is not listed here is an error.
 */
const LAYERS: Record<string, readonly string[]> = {
  // L0, L1: the pure core.
  "src/lib": [],
  "src/raft": ["src/lib"],
  "src/kv": ["src/lib"],
  "src/fault": ["src/lib"],
  // L2: still pure.
  "src/wire": ["src/lib", "src/raft", "src/kv"],
  "src/storage": ["src/lib", "src/raft", "src/fault", "src/wire"],
  "src/replica": ["src/lib", "src/raft", "src/kv", "src/wire", "src/storage"],
  "src/client": ["src/lib", "src/kv", "src/wire"],
  "src/history": ["src/lib", "src/kv"],
  "src/check": ["src/lib", "src/kv", "src/history"],
  // Certificates, tokens and who may speak: between processes, of whatever kind.
  "src/security": ["src/lib", "src/wire"],
  // L3: the two worlds, which know nothing of each other.
  "src/sim": [
    "src/lib",
    "src/raft",
    "src/kv",
    "src/fault",
    "src/wire",
    "src/storage",
    "src/replica",
    "src/client",
    "src/history",
    "src/check",
  ],
  "src/runtime": [
    ...["src/lib", "src/raft", "src/kv", "src/wire", "src/storage", "src/replica"],
    ...["src/client", "src/security", "src/fault/vocabulary.ts"],
  ],
  // L4: systems under test, and the load on them.
  "src/target": [
    "src/lib",
    "src/kv",
    "src/fault",
    "src/wire",
    "src/storage",
    "src/client",
    "src/security",
    "src/runtime",
    "src/sim",
  ],
  // What the package exports: promises over a clerk and the connections of the load.
  "src/connect": [
    ...["src/lib", "src/kv", "src/wire", "src/client", "src/security"],
    ...["src/target/client-connection.ts", "src/target/connected.ts"],
  ],
  "src/workload": ["src/lib", "src/kv", "src/client", "src/history", "src/target/target.ts"],
  // L5: these see a target through its interface only; the CLI chooses the target.
  "src/report": [
    "src/lib",
    "src/history",
    "src/check",
    "src/target/target.ts",
    "src/workload/spec.ts",
  ],
  "src/chaos": [
    ...["src/lib", "src/kv", "src/fault", "src/history", "src/check", "src/report"],
    ...["src/target/target.ts", "src/workload/spec.ts"],
  ],
  "src/bench": ["src/lib", "src/report", "src/target/target.ts", "src/workload/spec.ts"],
  "src/dashboard": ["src/lib", "src/report", "src/target/target.ts", "src/workload/spec.ts"],
  // Hostile inputs to every decoder; samples are made by the encoders and by what tests build.
  "src/fuzz": [
    ...["src/lib", "src/raft", "src/kv", "src/wire", "src/storage", "src/history", "src/report"],
    "src/runtime",
  ],
  // L6.
  // A binary starts the processes of suites too.
  "src/cli": ["src", "bench/check/worker.ts"],
  chaos: ["src/chaos/dsl.ts", "src/chaos/mutant.ts"],
  // Suites of figures measure parts of any layer.
  bench: [
    ...["src/bench", "src/lib", "src/raft", "src/kv", "src/wire", "src/storage", "src/replica"],
    ...["src/client", "src/history", "src/check", "src/sim", "src/runtime", "src/target"],
    ...["src/security", "src/workload", "src/report/compare"],
    // How a generator process is started and spoken to.
    "src/cli/load/child.ts",
  ],
};

/** Folders that give the same output for the same input, always, and never wait. */
const PURE = [
  ...["lib", "raft", "kv", "fault", "wire", "storage", "replica", "client", "history", "check"],
  ...["sim", "workload", "report"],
].map((name) => `src/${name}`);

/** Files of a pure folder that are not, each with its reason. */
const IMPURE: Record<string, string> = {
  "src/lib/own-modules.ts": "imports scenarios and suites by name",
  "src/lib/crc32.ts": "Bun.hash.crc32 is a pure function, 20 times faster than one in JavaScript",
  "src/report/environment.ts": "asks the machine, for the report's provenance",
  "src/report/write.ts": "writes the report's files",
  "src/report/read-reports.ts": "reads the reports below a directory",
  "src/report/compare/write.ts": "writes the files of a comparison",
  "src/report/write-index.ts": "writes the index over all reports",
  "src/report/replace-file.ts": "writes files whole or not at all",
};

/** Packages that a pure folder may import: they compute, and touch nothing. */
const PURE_PACKAGES: Record<string, readonly string[]> = {
  "src/report": ["valibot", "uplot", "picocolors"],
  "src/sim": ["valibot"],
};

const IMPURE_NAMES =
  /\b(Date\.now|new Date|performance\.|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|Bun\.|async |await |console\.)/;
/** No marks of unfinished work, and no test left out but by platform. */
const UNFINISHED = new RegExp(
  `\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b|not impl` + "emented",
);
const LEFT_OUT = /\b(?:test|it|describe)\.(?:skip|only|todo|skipIf|if(?!\(process\.platform))\b/;
const DEFAULT_EXPORT = /^export default\b/m;
const INHERITANCE = /\bclass \w+(?:<[^{]*>)? extends (?!Error\b)/;

/** What holds is said with a constant: figures would be put in decimal at each call (lib/assert.ts). */
const MESSAGE_AT_EACH_CALL = /\bassert\([^;]*?\$\{[^;]*?\);/;

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

type SourceFile = {
  readonly path: string;
  readonly folder: string | undefined;
  readonly text: string;
  /** The text without comments, line for line. */
  readonly code: string;
  /** Tests and what only tests use: free of layers and purity. */
  readonly isTest: boolean;
};

const ROOT = join(import.meta.dir, "..");

const folderOf = (path: string): string | undefined =>
  Object.keys(LAYERS).find((folder) => path.startsWith(`${folder}/`));

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ""))
    .replace(/(^|\s)\/\/.*$/gm, "$1");
}

async function sourceFiles(): Promise<SourceFile[]> {
  const paths = [...new Glob("{src,chaos,bench}/**/*.ts").scanSync(ROOT)].sort();
  return Promise.all(
    paths.map(async (path) => {
      const text = await Bun.file(join(ROOT, path)).text();
      const isTest = /\.test\.ts$|\/testing\/|\/testdata\//.test(path);
      return { path, folder: folderOf(path), text, code: withoutComments(text), isTest };
    }),
  );
}

const IMPORT = /(?:^(?:import|export)\b[^"';]*?\bfrom\s+|^import\s+|\bimport\()"([^"]+)"/gm;

function layerProblems(file: SourceFile): string[] {
  const { path, folder, code } = file;
  const allowed = folder === undefined ? undefined : LAYERS[folder];
  if (folder === undefined || allowed === undefined) {
    return path === "src/tidy.test.ts" ? [] : [`${path}: its folder has no entry in LAYERS`];
  }
  const problems: string[] = [];
  for (const [, target = ""] of code.matchAll(IMPORT)) {
    if (!target.startsWith(".")) {
      const packages = PURE_PACKAGES[folder] ?? [];
      const isPure = PURE.includes(folder) && !(path in IMPURE);
      if (isPure && !packages.includes(target.split("/")[0]!)) {
        problems.push(`${path}: ${folder} is pure and may not import "${target}"`);
      }
      continue;
    }
    const to = normalize(join(dirname(path), target));
    const isAllowed = [folder, ...allowed].some((a) => to === a || to.startsWith(`${a}/`));
    if (!isAllowed && to !== "package.json")
      problems.push(`${path}: ${folder} may not import ${to}`);
  }
  return problems;
}

function purityProblems({ path, folder, code }: SourceFile): string[] {
  if (folder === undefined || !PURE.includes(folder) || path in IMPURE) return [];
  const banned = IMPURE_NAMES.exec(code);
  return banned ? [`${path}: "${banned[0].trim()}" in a pure folder; take it as a parameter`] : [];
}

/**
 * Functions with a body in braces that are too long. Goes by the indentation, which `bun fmt` fixes:
 * a body ends at the first line that starts with "}" at the indentation of the line that opened it.
 */
function longFunctions(path: string, code: string): string[] {
  const HEADER =
    /^( *)(?!(?:\} )?(?:if|else|for|while|switch|try|catch|finally|do)\b).*(?:\bfunction\b|\)(?:: .*)? (?:=> )?|\w => |get \w+\(\).* )\{$/;
  const lines = code.split("\n");
  const problems: string[] = [];
  lines.forEach((line, from) => {
    const indent = HEADER.exec(line)?.[1];
    if (indent === undefined || /\bclass\b/.test(line)) return;
    const length =
      1 + lines.slice(from + 1).findIndex((later) => later.startsWith(`${indent}}`)) + 1;
    if (length > FUNCTION_LINES_MAX) {
      problems.push(
        `${path}:${from + 1}: function of ${length} lines, the limit is ${FUNCTION_LINES_MAX}`,
      );
    }
  });
  return problems;
}

function sizeProblems({ path, text, code }: SourceFile): string[] {
  const lines = text.split("\n").length - 1;
  const long =
    lines > FILE_LINES_MAX ? [`${path}: ${lines} lines, the limit is ${FILE_LINES_MAX}`] : [];
  return [...long, ...longFunctions(path, code)];
}

function styleProblems({ path, folder, code }: SourceFile): string[] {
  const problems: string[] = [];
  if (DEFAULT_EXPORT.test(code) && folder !== "chaos" && folder !== "bench") {
    problems.push(`${path}: default exports are for scenarios and suites`);
  }
  if (INHERITANCE.test(code)) problems.push(`${path}: no inheritance but from Error`);
  const message = MESSAGE_AT_EACH_CALL.exec(code);
  if (message !== null) problems.push(`${path}: "if (…) broken(…)", not ${message[0]}`);
  return problems;
}

test("tidy: a folder imports lower layers only", async () => {
  const files = (await sourceFiles()).filter((file) => !file.isTest);
  expect(files.length).toBeGreaterThan(50); // The glob still finds the code.
  expect(files.flatMap(layerProblems)).toEqual([]);
});

test("tidy: the pure layers use no clock, randomness, I/O or async", async () => {
  const files = (await sourceFiles()).filter((file) => !file.isTest);
  expect(files.flatMap(purityProblems)).toEqual([]);
  const paths = files.map((file) => file.path);
  expect(Object.keys(IMPURE).filter((path) => !paths.includes(path))).toEqual([]);
});

test("tidy: files and functions stay within their size", async () => {
  const files = (await sourceFiles()).filter((file) => !file.path.endsWith(".test.ts"));
  expect(files.flatMap(sizeProblems)).toEqual([]);
});

test("tidy: a function that is too long is seen, whatever its form", () => {
  const body = "  work();\n".repeat(70);
  const long = [
    `function f(): void {\n${body}}\n`,
    `export const f = (a: number): number => {\n${body}};\n`,
    `export const f = a => {\n${body}};\n`,
    `class C {\n  async #run(a: A): Promise<void> {\n  ${body.replaceAll("\n ", "\n   ")}  }\n}\n`,
    `function f(\n  a: number,\n): void {\n${body}}\n`,
    `list.forEach((a) => {\n${body}});\n`,
  ];
  expect(long.map((code) => longFunctions("f.ts", code).length)).toEqual(long.map(() => 1));
  const short = long[0]!.replace("  work();\n".repeat(3), "");
  expect(longFunctions("f.ts", short)).toEqual([]);
  expect(longFunctions("f.ts", `if (a) {\n${body}}\n`)).toEqual([]);
});

test("tidy: no default exports, no inheritance but from Error, no messages of what holds", async () => {
  const files = (await sourceFiles()).filter((file) => !file.isTest);
  expect(files.flatMap(styleProblems)).toEqual([]);
});

test("tidy: nothing is unfinished, and no test is left out", async () => {
  const problems: string[] = [];
  for (const { path, text, code } of await sourceFiles()) {
    if (path === "src/tidy.test.ts") continue; // It names what it looks for.
    const mark = UNFINISHED.exec(text);
    if (mark) problems.push(`${path}: "${mark[0]}"`);
    const leftOut = path.endsWith(".test.ts") ? LEFT_OUT.exec(code) : null;
    if (leftOut) problems.push(`${path}: "${leftOut[0]}"`);
  }
  expect(problems).toEqual([]);
});

/** What `git ls-files` prints of this repository, whatever a git hook that runs us has set. */
function gitFiles(...args: readonly string[]): string {
  const env = { PATH: process.env["PATH"] ?? "" };
  const { exitCode, stdout } = Bun.spawnSync(["git", "ls-files", ...args], { cwd: ROOT, env });
  expect(exitCode).toBe(0);
  return stdout.toString();
}

test("tidy: the lock file names no address, and is the only one", async () => {
  expect(await Bun.file(join(ROOT, "package-lock.json")).text()).not.toContain('"resolved"');
  const ignored = (await Bun.file(join(ROOT, ".gitignore")).text()).split("\n");
  expect(ignored).toContain("bun.lock");
  expect(gitFiles("bun.lock", "bun.lockb")).toBe("");
});

test("tidy: no source or test data is left out of the repository by .gitignore", () => {
  expect(gitFiles("--others", "--ignored", "--exclude-standard", "src", "bench", "chaos")).toBe("");
});
