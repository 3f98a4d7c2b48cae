import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXCEPTIONS, licenceTable, notPermissive, packagesIn } from "./licences.ts";

const ROOT = join(import.meta.dir, "../../..");
const DOC = join(ROOT, "docs/dependencies.md");
const BEGIN = "<!-- licences: generated -->";
const END = "<!-- end -->";

const read = <T>(path: string): T => JSON.parse(readFileSync(join(ROOT, path), "utf8")) as T;
type Direct = {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const own = read<Direct>("package.json");
const direct = { ...own.dependencies, ...own.devDependencies };
const lock = read<Parameters<typeof packagesIn>[0]>("package-lock.json");
const packages = packagesIn(lock);

test("dependencies: every version is pinned, and the lock file says the same", () => {
  expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual(
    [],
  );
  const { dependencies, devDependencies } = lock.packages[""] as unknown as Direct;
  expect({ dependencies, devDependencies }).toEqual({
    dependencies: own.dependencies,
    devDependencies: own.devDependencies,
  });
  for (const [name, version] of Object.entries(direct)) {
    expect(lock.packages[`node_modules/${name}`]?.version).toBe(version);
  }
  const unproved = Object.entries(lock.packages).filter(
    ([path, it]) => path !== "" && !("integrity" in it),
  );
  expect(unproved.map(([path]) => path)).toEqual([]);
  // A mirror will do, and nobody is sent to another place than the hash is of.
  expect(Object.values(lock.packages).filter((it) => "resolved" in it)).toEqual([]);
});

test("dependencies: all licences are permissive, of packages of all depths", () => {
  expect(packages.length).toBeGreaterThan(50);
  expect(notPermissive(packages)).toEqual([]);
  const dev = packages.filter(({ isDev }) => isDev).map(({ name }) => name);
  expect(Object.keys(EXCEPTIONS).filter((name) => !dev.includes(name))).toEqual([]);
});

test("dependencies: another licence is seen", () => {
  const one = (license: string | undefined, name = "a", dev = false) =>
    notPermissive(
      packagesIn({
        packages: {
          [`node_modules/${name}`]: {
            version: "1.0.0",
            ...(license !== undefined && { license }),
            dev,
          },
        },
      }),
    ).length;
  expect(["MIT", "(MIT AND Zlib)", "(GPL-3.0 OR MIT)"].map((it) => one(it))).toEqual([0, 0, 0]);
  expect(["GPL-3.0", "MIT AND GPL-3.0", "UNLICENSED", undefined].map((it) => one(it))).toEqual([
    1, 1, 1, 1,
  ]);
  // What tests may use may still not be part of Ordeal.
  expect([one("MPL-2.0", "axe-core", true), one("MPL-2.0", "axe-core")]).toEqual([0, 1]);
});

test("dependencies: docs/dependencies.md says of each direct one what it is for, and lists all licences", () => {
  const text = readFileSync(DOC, "utf8");
  const [before, after] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))];
  const table = licenceTable(packages);
  if (process.env["UPDATE"] === "1")
    writeFileSync(DOC, `${before}${BEGIN}\n\n${table}\n\n${after}`);
  // Widths of columns are the formatter's.
  const shown = text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END));
  const cells = (markdown: string): string[][] =>
    markdown
      .trim()
      .split("\n")
      .filter((line) => !/^\|[\s:|-]+$/.test(line))
      .map((line) => line.split("|").map((cell) => cell.trim()));
  expect(cells(shown)).toEqual(cells(table));
  const rows = [...before.matchAll(/^\| ([@\w/, .-]+?) +\| .{30,} \|/gm)].flatMap(
    ([, names = ""]) => names.split(", "),
  );
  expect(rows.filter((name) => name in direct).toSorted()).toEqual(Object.keys(direct).toSorted());
});

if (Bun.which("npm") === null) {
  console.warn("not installed: npm: the bill of materials is not tried");
} else {
  test("dependencies: npm run sbom lists every package that may be installed", () => {
    const { stdout, exitCode } = Bun.spawnSync(["npm", "run", "--silent", "sbom"], {
      cwd: ROOT,
      env: { ...process.env, npm_config_offline: "true" },
      stderr: "ignore",
    });
    expect(exitCode).toBe(0);
    const { bomFormat, components } = JSON.parse(stdout.toString()) as {
      readonly bomFormat: string;
      readonly components: readonly {
        readonly name: string;
        readonly version: string;
        readonly licenses?: unknown;
      }[];
    };
    expect(bomFormat).toBe("CycloneDX");
    const listed = new Set(components.map(({ name, version }) => `${name} ${version}`));
    const missing = packages
      .map(({ name, version }) => `${name} ${version}`)
      .filter((it) => !listed.has(it));
    expect(missing).toEqual([]);
  });
}
