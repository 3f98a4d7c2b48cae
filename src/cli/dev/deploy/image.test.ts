import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS, variableOf } from "../../../runtime/settings.ts";
import { COMMANDS } from "../../commands.ts";
import { isInContext, parseDockerfile, type Stage } from "./dockerfile.ts";

const ROOT = join(import.meta.dir, "../../../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const stages = parseDockerfile(read("deploy/Dockerfile"));
const [build, image] = stages as [Stage, Stage];
const ignore = read(".dockerignore");
const of = (stage: Stage, name: string) =>
  stage.instructions.filter((instruction) => instruction.name === name);
const only = (stage: Stage, name: string): readonly string[] => {
  const found = of(stage, name);
  expect([name, found.length]).toEqual([name, 1]);
  return found[0]!.words;
};

test("image: two stages; what the last one copies, the first one made", () => {
  expect(stages.length).toBe(2);
  const made = of(build, "RUN").flatMap(({ words }) => words);
  for (const { flags, words } of of(image, "COPY")) {
    expect(flags["from"]).toBe(build.name!);
    expect(made).toContain(words[0]!);
  }
});

test("image: what the build copies is there, and .dockerignore lets it through", () => {
  const sources = of(build, "COPY").flatMap(({ words }) => words.slice(0, -1));
  expect(sources).toContain("src");
  for (const path of sources) {
    expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
    expect([path, isInContext(path, ignore)]).toEqual([path, true]);
  }
  for (const path of [".git", "node_modules", "reports", "dist", "src/cli/main.test.ts", ".env"]) {
    expect([path, isInContext(path, ignore)]).toEqual([path, false]);
  }
});

test("image: the build runs npm ci and the script that makes the binary it copies", () => {
  const runs = of(build, "RUN").map(({ words }) => words.join(" "));
  expect(runs[0]).toStartWith("npm ci ");
  const { scripts } = JSON.parse(read("package.json"));
  const [, path] = /npm run build -- (\S+)/.exec(runs.join("\n"))!;
  expect(scripts.build).toBe("bun src/cli/dev/build.ts");
  expect(of(image, "COPY")[0]!.words).toEqual([path!, only(image, "ENTRYPOINT")[0]!]);
});

test("image: not root, by number, with a signal that nodes end on, and a health check of its own", () => {
  const [user] = only(image, "USER");
  const [uid, gid] = user!.split(":").map(Number);
  expect(uid).toBeGreaterThan(0);
  for (const { flags } of of(image, "COPY").slice(1)) expect(flags["chown"]).toBe(`${uid}:${gid}`);
  expect(only(image, "STOPSIGNAL")).toEqual(["SIGTERM"]);
  expect(image.base).toEndWith(":nonroot");
  const check = of(image, "HEALTHCHECK")[0]!.words.join(" ");
  const [binary, command] = JSON.parse(check.slice(check.indexOf("["))) as [string, string];
  expect(binary).toBe(only(image, "ENTRYPOINT")[0]!);
  expect(COMMANDS.map(({ name }) => name)).toContain(command);
});

test("image: its volumes have owners, and its variables are settings", () => {
  const copied = of(image, "COPY").map(({ words }) => words.at(-1));
  for (const volume of only(image, "VOLUME")) expect(copied).toContain(volume);
  const known = [...SETTINGS.map(variableOf), "UV_THREADPOOL_SIZE"];
  for (const pair of only(image, "ENV")) expect(known).toContain(pair.split("=")[0]!);
  const ports = only(image, "EXPOSE").map(Number);
  const defaults = SETTINGS.filter(({ flag }) => flag.startsWith("listen-"));
  expect(defaults.map(({ fallback }) => Number(String(fallback).split(":")[1]))).toEqual(ports);
});
