import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { loadScenarios } from "../chaos/catalog.ts";
import { UserError } from "../lib/user-error.ts";
import { ordealLines, parseOnly } from "./testing/command-lines.ts";

// Every page and every command line of them: on a busy machine longer than the default.
setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "../..");
/** Made of the sources, and not committed. */
const API = "docs/api/";

const PAGES = ["*.md", "{docs,deploy,src,bench,chaos}/**/*.md"]
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(ROOT)])
  .filter((path) => !path.startsWith(API))
  .sort();
const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const withoutCode = (text: string): string =>
  text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");

/** How GitHub names the headings of a page. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
    let name = slug;
    for (let n = 1; anchors.has(name); n++) name = `${slug}-${n}`;
    anchors.add(name);
  }
  return anchors;
}

/** What is wrong with the links of a page; those to other machines are not followed. */
function linkProblems(path: string, text: string): string[] {
  const problems: string[] = [];
  for (const [, target = ""] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^(https?|mailto):/.test(target)) continue;
    const [file = "", anchor] = target.split("#") as [string, string | undefined];
    const to = file === "" ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(ROOT, to))) {
      problems.push(`${path}: ${target}: there is no ${to}`);
    } else if (anchor !== undefined && !anchorsOf(textOf(to)).has(anchor)) {
      problems.push(`${path}: ${target}: ${to} has no such heading`);
    }
  }
  return problems;
}

/** The shell of a page: what is typed as it stands, without what a console prints. */
function shellOf(text: string): string {
  return (
    [...text.matchAll(/^```(sh|console)\n([\s\S]*?)^```$/gm)]
      .flatMap(([, kind, block = ""]) => {
        return kind === "sh"
          ? block.split("\n")
          : block.split("\n").filter((it) => it.startsWith("$ "));
      })
      // Behind a command, what it is for.
      .map((line) => line.replace(/ {2,}#.*$/, ""))
      .join("\n")
  );
}

test("docs: no link leads nowhere, and no heading is missing", () => {
  expect(PAGES.length).toBeGreaterThan(40);
  expect(PAGES.flatMap((path) => linkProblems(path, textOf(path)))).toEqual([]);
});

test("docs: a link that leads nowhere is seen", () => {
  const text =
    "# A b: `c`\n[x](no.md) [y](#nowhere) [z](#a-b-c) [w](docs/ci.md#noise)\n`[v](code.md)`\n";
  expect(anchorsOf(text)).toEqual(new Set(["a-b-c"]));
  expect(linkProblems("README.md", text)).toEqual([
    "README.md: no.md: there is no no.md",
    "README.md: #nowhere: README.md has no such heading",
    "README.md: #a-b-c: README.md has no such heading",
  ]);
});

test("docs: every ordeal command is one, with options that it has", async () => {
  const scenarios = (await loadScenarios()).map(({ name }) => name);
  const problems: string[] = [];
  let commands = 0;
  for (const path of PAGES) {
    for (const words of ordealLines(shellOf(textOf(path)))) {
      commands++;
      try {
        await parseOnly(words);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.push(`${path}: ordeal ${words.join(" ")}: ${error.message}`);
      }
      if (words[0] !== "chaos" || words[1] !== "show") continue;
      const name = words[2]!;
      if (!name.includes("/") && !scenarios.includes(name))
        problems.push(`${path}: no scenario ${name}`);
    }
  }
  expect(problems).toEqual([]);
  expect(commands).toBeGreaterThan(100);
});

test("README: its scripts are in package.json, and it leads to every page", () => {
  const readme = textOf("README.md");
  const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/\b(?:npm|bun) run ([\w-]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  const pages = PAGES.filter((path) => /^docs\/(tutorials\/)?[^/]+\.md$/.test(path));
  expect(pages.filter((path) => !readme.includes(`](${path})`))).toEqual([]);
});

test("README: the programs of other people that it names are those that CI installs", () => {
  const packages = /apt-get install ([\w. -]+)/.exec(textOf("README.md"))?.[1]?.trim().split(" ");
  const installed = textOf(".ci/run").matchAll(/^install \S+ (\S+)$/gm);
  const ci = [...installed].map(([, name = ""]) => name);
  expect(packages?.toSorted()).toEqual(ci.toSorted());
  // Chrome is on GitHub's runners.
  const workflow = /install -y -qq --no-install-recommends ([\w -]+)$/m.exec(
    textOf(".github/workflows/test.yml"),
  )?.[1];
  expect(workflow?.split(" ").toSorted()).toEqual(ci.filter((it) => it !== "chromium").toSorted());
});

// A number is taken when the work begins, so there may be a gap until that is done; but no number twice.
test("ADRs: each has a number of its own, and is named in its title", () => {
  const files = readdirSync(join(ROOT, "docs/adr")).sort();
  const numbers = files.map((name) => name.slice(0, 4));
  expect(numbers.filter((number, i) => numbers.indexOf(number) !== i)).toEqual([]);
  for (const name of files) {
    expect(textOf(`docs/adr/${name}`).split("\n")[0]).toMatch(
      new RegExp(`^# ${name.slice(0, 4)} \\S`),
    );
    // One screen.
    expect(statSync(join(ROOT, "docs/adr", name)).size).toBeLessThan(8_000);
  }
});
