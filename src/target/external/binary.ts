import { UserError } from "../../lib/user-error.ts";

const PACKAGES = { etcd: "etcd-server", "redis-server": "redis-server" } as const;
export type Binary = keyof typeof PACKAGES;

/** Programs that only tests use. */
const TEST_PACKAGES = {
  ...{ prometheus: "prometheus", promtool: "prometheus" },
  kubectl: "kubernetes-client",
} as const;

/** What to do where programs of other systems are missing. */
export const INSTALL = "apt-get install etcd-server redis-server";

/** The path of an installed program. Throws UserError, which says how to install it. */
export function findBinary(name: Binary): string {
  const path = Bun.which(name);
  if (path !== null) return path;
  const what = `the program is not installed (package ${PACKAGES[name]})`;
  throw new UserError(`${name} is missing`, [{ where: name, what, fix: INSTALL }]);
}

/** The first version number that `name --version` tells; "not installed" where it is missing. */
export function versionOf(name: Binary): string {
  const path = Bun.which(name);
  if (path === null) return "not installed";
  const { stdout } = Bun.spawnSync([path, "--version"]);
  return /\d+\.\d+\.\d+/.exec(stdout.toString())?.[0] ?? "unknown";
}

/** Whether a program is installed; if not, says on stderr that `what` (tests of it) did not run. */
export function isInstalled(name: Binary | keyof typeof TEST_PACKAGES, what: string): boolean {
  if (Bun.which(name) !== null) return true;
  const install = name in PACKAGES ? INSTALL : `apt-get install ${TEST_PACKAGES[name as never]}`;
  console.warn(`${name} is not installed: ${what} did not run (${install})`);
  return false;
}
