import { expect, test } from "bun:test";
import { join } from "node:path";
import { namesFor } from "./completion/script.ts";

const MAIN = join(import.meta.dir, "main.ts");

const WITHIN_MS = 60_000;

async function ordeal(...args: readonly string[]): Promise<readonly string[]> {
  const env = { ...process.env, SHELL: "/bin/bash", ZSH_NAME: "" };
  const child = Bun.spawn([process.execPath, MAIN, ...args], { env, stdout: "pipe" });
  const text = await child.stdout.text();
  expect(await child.exited).toBe(0);
  return text.trim().split("\n");
}
const complete = (...words: readonly string[]): Promise<readonly string[]> =>
  ordeal("--get-yargs-completions", "ordeal", ...words);

test(
  "completion: commands, those of commands, options, choices and names",
  async () => {
    const [commands, subcommands, options, choices, names] = await Promise.all([
      complete("co"),
      complete("cluster", "s"),
      complete("node", "--lis"),
      complete("bench", "run", "--target", ""),
      complete("chaos", "run", "lossy"),
    ]);
    expect(commands).toContain("compare");
    expect(subcommands).toContain("start");
    expect(options).toContain("--listen-peer");
    expect(choices).toEqual(expect.arrayContaining(["etcd", "redis"]));
    expect(names).toEqual(["lossy-links"]);
  },
  WITHIN_MS,
);

test("completion: names of scenarios and suites, and of no option's value", () => {
  expect(namesFor(["chaos", "run", "demo", "lossy"])).toEqual(["lossy-links"]);
  expect(namesFor(["bench", "run", "storag"])).toEqual(["storage"]);
  const none = [
    ["chaos", "run", "--target", "lossy"],
    ["chaos", "list", "l"],
    ["chaos", "run"],
    ["node", "x", ""],
  ];
  expect(none.flatMap(namesFor)).toEqual([]);
});

test(
  "completion: its script is one that bash takes, and asks ordeal",
  async () => {
    const [bash, zsh] = await Promise.all([
      ordeal("completion", "--shell", "bash"),
      ordeal("completion", "--shell", "zsh"),
    ]);
    const script = bash.join("\n");
    expect(script).toContain("ordeal --get-yargs-completions");
    const { exitCode, stderr } = Bun.spawnSync(["bash", "-n", "-c", script]);
    expect([exitCode, stderr.toString()]).toEqual([0, ""]);
    expect(zsh[0]).toBe("#compdef ordeal");
  },
  WITHIN_MS,
);
