import { ownCommand } from "../../../runtime/self.ts";
import type { CredentialFiles } from "../../../security/credentials.ts";
import { type Endpoint, fetchNode, remember } from "../../../security/keyring.ts";
import { until } from "../../../target/until.ts";

/**
 * Addresses of this machine's loopback, one for each container or pod: as there, every one of them can
 * listen on the same ports. Only Linux has them without being told.
 */
export function ownAddresses(count: number, prefix: number): readonly string[] {
  const middle = (process.pid % 250) + 1;
  return Array.from({ length: count }, (_, i) => `127.${prefix}.${middle}.${i + 1}`);
}

type Status = { readonly id: number; readonly leaderId: number };

/** Processes of this program that end with the test. */
export class OwnProcesses {
  readonly #running: Bun.Subprocess<"ignore", "pipe", "pipe">[] = [];

  start(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    within: readonly string[] = [],
  ) {
    return this.startOther([...within, ...ownCommand("ordeal", args)], env);
  }

  /** Starts another program. */
  startOther(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = Bun.spawn([...command], {
      // The test waits for an election; on a busy machine it shall be the only one.
      env: {
        ...{ PATH: process.env["PATH"] ?? "", UV_THREADPOOL_SIZE: "8" },
        ...{ ORDEAL_ELECTION_TIMEOUT_MS: "1000", ORDEAL_HEARTBEAT_MS: "100", ...env },
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#running.push(child);
    return child;
  }

  /** Runs one to its end: exit code and what it printed. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = this.start(args, env);
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { code: await child.exited, out, err };
  }

  async stopAll(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    await Promise.all(this.#running.map((child) => child.exited));
  }
}

/** Waits until all nodes with these HTTP ports name the same leader; its id. Asks with these credentials. */
export async function sameLeader(
  nodes: readonly Endpoint[],
  files: CredentialFiles,
): Promise<number> {
  remember(nodes, files);
  let leader = 0;
  await until("all nodes name one leader", 60_000, async () => {
    const found = await Promise.all(nodes.map(leaderAt));
    leader = found[0] ?? 0;
    return leader > 0 && found.every((id) => id === leader);
  });
  return leader;
}

const leaderAt = (node: Endpoint): Promise<number> =>
  fetchNode(node, "/status")
    .then(async (answer) => ((await answer.json()) as Status).leaderId)
    .catch(() => 0);

/**
 * Runs a load until one gets something through: on a busy machine the second and a half of the first may go by before
 * anything is answered.
 */
export async function takesLoad(
  processes: OwnProcesses,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await until("a load gets through", 90_000, async () => {
    const { code, out, err } = await processes.run(words, env);
    // 3: a busy machine could not offer the rate.
    if (code !== 0 && code !== 3) throw new Error(`the load ended with ${code}: ${err}`);
    return (JSON.parse(out) as Loaded).result.counts.ok > 0;
  });
}

type Loaded = { readonly result: { readonly counts: { readonly ok: number } } };

/** The settings of a node by their keys, from what `--print-config --json` prints. */
export function settingsIn(printed: string): Readonly<Record<string, unknown>> {
  type Printed = {
    readonly settings: readonly { readonly key: string; readonly value: unknown }[];
  };
  const { settings } = JSON.parse(printed) as Printed;
  return Object.fromEntries(settings.map(({ key, value }) => [key, value]));
}

/** What keeps strangers out of a node, with files in `/certs`. */
export const SECURED = {
  "tls.ca": "/certs/ca.pem",
  "tls.cert": "/certs/node-{id}.pem",
  "tls.key": "/certs/node-{id}-key.pem",
  tokenFile: "/certs/token",
} as const;
