import { readLines } from "../../src/target/json-lines.ts";
import type { LoadResult } from "../../src/workload/spec.ts";
import { ownCommand } from "../../src/runtime/self.ts";

export type Server = { readonly port: number; stop(): Promise<void> };

/** The least server that speaks the protocol, in a process of its own. */
export async function startServer(): Promise<Server> {
  const child = Bun.spawn(ownCommand("trivial-server"), { stdio: ["ignore", "pipe", "inherit"] });
  const { value, done } = await readLines(child.stdout).next();
  if (done === true) throw new Error("the trivial server ended before it was ready");
  const { port } = JSON.parse(value) as { readonly port: number };
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { port, stop };
}

/** `ordeal load` with these flags against the server: what it measured. Throws when any operation failed. */
export const runLoad = ({ port }: Server, flags: readonly string[]): Promise<LoadResult> =>
  runLoadAt(`127.0.0.1:${port}`, flags);

/** The same against any nodes, `host:port,…`. */
export async function runLoadAt(nodes: string, flags: readonly string[]): Promise<LoadResult> {
  const child = Bun.spawn(ownCommand("ordeal", ["load", "--nodes", nodes, ...flags, "--json"]), {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [text, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`ordeal load failed: ${complaints}`);
  const { result } = JSON.parse(text) as { readonly result: LoadResult };
  const { ok, fail, info } = result.counts;
  if ((ok === 0 && result.void === null) || fail + info > 0) {
    throw new Error(`${ok} operations, ${fail} failed, ${info} unknown: ${flags.join(" ")}`);
  }
  return result;
}
