import { UserError } from "../../lib/user-error.ts";

/** Programs that this needs, and the Debian packages that have them. */
const PACKAGES = {
  ip: "iproute2",
  nft: "nftables",
  unshare: "util-linux",
  nsenter: "util-linux",
} as const;

const WHAT = "cannot give nodes network namespaces of their own";

/** Why this process may not or cannot; throws UserError with all of it. */
export function refuseImpossible(
  uid: number | undefined = process.getuid?.(),
  which: (program: string) => string | null = Bun.which,
): void {
  const problems = [];
  if (process.platform !== "linux") {
    problems.push({
      where: "this system",
      what: "only Linux has network namespaces",
      fix: "leave out --network netns: links then go through proxies, which need nothing",
    });
  } else if (uid !== 0) {
    problems.push({
      where: "this user",
      what: `is not root (user id ${uid})`,
      fix: "run it as root, or leave out --network netns",
    });
  }
  for (const [program, name] of Object.entries(PACKAGES)) {
    if (which(program) !== null) continue;
    const what = `the program is not installed (package ${name})`;
    problems.push({ where: program, what, fix: `apt-get install ${name}` });
  }
  if (problems.length > 0) throw new UserError(WHAT, problems);
}

/** Runs a command with `input`. Throws UserError with what it said when it fails: the kernel cannot. */
export async function run(command: readonly string[], input = ""): Promise<string> {
  const child = Bun.spawn([...command], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, said] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) === 0) return out;
  throw new UserError(WHAT, [
    {
      where: command.join(" "),
      what: said.trim().replace(/\n/g, "\n    ") || `ended with ${child.exitCode}`,
      fix:
        "the kernel must have network namespaces, veth, bridge and nf_tables for bridges, and this " +
        "user the right to use them (in a container: CAP_NET_ADMIN and CAP_SYS_ADMIN)",
    },
  ]);
}
