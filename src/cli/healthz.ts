import type { CommandModule } from "yargs";

type Args = { readonly http: string; readonly timeout: string; readonly alive: boolean };

const EXIT_UNHEALTHY = 3;

/** Asks a node whether it knows a leader: the health check of an image that has no shell and no curl. */
export const command: CommandModule<object, Args> = {
  command: "healthz",
  describe: "Ask a node whether it is healthy: its exit code says so",
  builder: (yargs) =>
    yargs
      .option("http", {
        describe: "HTTP port of the node, host:port; default: $ORDEAL_LISTEN_HTTP",
        type: "string",
        default: process.env["ORDEAL_LISTEN_HTTP"] ?? "127.0.0.1:7301",
        defaultDescription: "127.0.0.1:7301",
      })
      .option("timeout", { describe: "for the answer", type: "string", default: "2s" })
      .option("alive", {
        describe: "only whether it answers: a cluster without a leader need not be restarted",
        type: "boolean",
        default: false,
      })
      .example("$0 healthz --http 127.0.0.1:7301", "exit code 0: it knows a leader")
      .epilogue("Exit codes: 0 healthy, 3 not, 64 bad input."),
  handler: async ({ http, timeout, alive }) => {
    const { parseDurationMs } = await import("./parse.ts");
    const { parseSeed } = await import("../runtime/discovery/seed.ts");
    const { UserError } = await import("../lib/user-error.ts");
    const timeoutMs = parseDurationMs(timeout, "--timeout");
    const address = parseSeed(http);
    if (address === null) {
      const what = `"${http}" is no address of a node`;
      throw new UserError("cannot ask the node", [
        { where: "--http", what, fix: "give host:port, such as 127.0.0.1:7301" },
      ]);
    }
    const said = await ask(address, alive ? "/version" : "/healthz", timeoutMs);
    (said.healthy ? console.log : console.error)(said.text);
    if (!said.healthy) process.exitCode = EXIT_UNHEALTHY;
  },
};

/** Where a node listens for everybody is no address to call. */
const CALLED: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

async function ask(
  { host, port }: { readonly host: string; readonly port: number },
  path: "/healthz" | "/version",
  timeoutMs: number,
): Promise<{ readonly healthy: boolean; readonly text: string }> {
  const called = CALLED[host] ?? host;
  const { credentialsOfEnvironment } = await import("../security/credentials.ts");
  const { fetchNode, remember } = await import("../security/keyring.ts");
  const { whyNoAnswer } = await import("../security/no-answer.ts");
  const at = { host: called, port };
  remember([at], credentialsOfEnvironment());
  try {
    const answer = await fetchNode(at, path, { signal: AbortSignal.timeout(timeoutMs) });
    const text = (await answer.text()).trim();
    return { healthy: answer.ok, text };
  } catch (error) {
    return {
      healthy: false,
      text: `${called}:${port} does not answer: ${whyNoAnswer(at, error as Error)}`,
    };
  }
}
