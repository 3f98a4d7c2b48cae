import { join } from "node:path";
import type { LiveDocument } from "../../../dashboard/live/document.ts";
import { readLines } from "../../../target/json-lines.ts";

const MAIN = join(import.meta.dir, "..", "..", "main.ts");
const WITHIN_MS = 60_000;

/** An `ordeal dashboard` process, as a person and as a program see it. */
export type DashboardProcess = {
  readonly pid: number;
  readonly url: string;
  readonly origin: string;
  /** With the token. Resolves to status and body. */
  post(path: string, body?: unknown): Promise<{ readonly status: number; readonly said: any }>;
  /** Follows the stream until a document fits. Rejects with the last one after a minute. */
  until(what: string, fits: (document: LiveDocument) => boolean): Promise<LiveDocument>;
  /** SIGTERM; resolves to the exit code. */
  end(): Promise<number>;
};

export async function startDashboard(...args: readonly string[]): Promise<DashboardProcess> {
  const command = [process.execPath, MAIN, "dashboard", "--no-open", "--port", "0", ...args];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  process.on("exit", () => child.kill("SIGKILL")); // Its nodes end with it.
  const lines = readLines(child.stdout);
  const url = /http:\S+/.exec((await lines.next()).value ?? "")?.[0];
  if (url === undefined) throw new Error(`no address: ${await child.stderr.text()}`);
  const { origin, hash } = new URL(url);
  const headers = {
    Authorization: `Bearer ${hash.slice("#token=".length)}`,
    "Content-Type": "application/json",
  };
  return {
    ...{ pid: child.pid, url, origin },
    post: async (path, body = {}) => {
      const request = { method: "POST", headers, body: JSON.stringify(body) };
      const response = await fetch(`${origin}/api/live/${path}`, request);
      return { status: response.status, said: await response.json() };
    },
    until: async (what, fits) => {
      const signal = AbortSignal.timeout(WITHIN_MS);
      const response = await fetch(`${origin}/api/live/stream`, { headers, signal });
      let last = "";
      let isDocument = false;
      try {
        for await (const line of readLines(response.body!)) {
          if (line.startsWith("event: ")) isDocument = line === "event: document";
          if (!isDocument || !line.startsWith("data: ")) continue;
          last = line.slice("data: ".length);
          const document = JSON.parse(last) as LiveDocument;
          if (fits(document)) return document;
        }
      } catch (error) {
        throw new Error(`${what}: ${(error as Error).message}; last: ${last}`);
      }
      throw new Error(`${what}: the stream ended; last: ${last}`);
    },
    end: () => {
      child.kill("SIGTERM");
      return child.exited;
    },
  };
}
