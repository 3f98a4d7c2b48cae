import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { bunCommand, bunEnv, OWN_ROOT } from "../../runtime/self.ts";
import type { Checkout } from "./checkouts.ts";

const BUN_INSTALL = bunCommand(["install", "--no-save"]);
/** Lock files, and what installs from each without changing it. */
const INSTALLERS: readonly (readonly [string, () => readonly string[]])[] = [
  // bun reads npm's lock file too, where there is no npm.
  [
    "package-lock.json",
    () => (Bun.which("npm") === null ? BUN_INSTALL : ["npm", "ci", "--no-audit", "--no-fund"]),
  ],
  ["bun.lock", () => [...BUN_INSTALL, "--frozen-lockfile"]],
  ["bun.lockb", () => [...BUN_INSTALL, "--frozen-lockfile"]],
];
const INSTALLED_WITHIN_MS = 600_000;
const SAID_CHARS = 1_500;

export type Installed = "linked" | "installed" | "nothing to install";

/**
 * Gives a checkout its packages: those of the repository, linked, when both are locked to the same
 * ones, or else its own, from its own lock file. Throws UserError when they cannot be installed.
 */
export async function installPackages(
  { root, label }: Checkout,
  repository: string,
  signal: AbortSignal,
): Promise<Installed> {
  const modules = join(root, "node_modules");
  if (existsSync(modules) || !existsSync(join(root, "package.json"))) return "nothing to install";
  const own = INSTALLERS.find(([lock]) => existsSync(join(root, lock)));
  // A CI may have installed this program only, of which the repository is another checkout.
  const places = own === undefined ? [repository] : [repository, OWN_ROOT];
  const shared = places.find(
    (place) =>
      existsSync(join(place, "node_modules")) &&
      (own === undefined || sameFile(own[0], root, place)),
  );
  if (shared !== undefined) {
    symlinkSync(join(shared, "node_modules"), modules, "dir");
    return "linked";
  }
  if (own === undefined) return "nothing to install";
  const [lock, commandOf] = own;
  const command = commandOf();
  const child = Bun.spawn([...command], {
    ...{ cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    ...{ signal, timeout: INSTALLED_WITHIN_MS },
    env: { ...process.env, ...bunEnv() },
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  signal.throwIfAborted();
  if (code === 0) return "installed";
  throw new UserError(`cannot install the packages of ${label}`, [
    {
      where: lock,
      what: `${command.join(" ")} ended with ${code ?? child.signalCode}: ${`${out}${err}`.trim().slice(-SAID_CHARS)}`,
      fix: "see that it works in a checkout of that revision, and that the registry can be reached",
    },
  ]);
}

function sameFile(name: string, one: string, other: string): boolean {
  const [a, b] = [join(one, name), join(other, name)];
  return existsSync(b) && readFileSync(a).equals(readFileSync(b));
}
