import { join } from "node:path";
import { readLines } from "../../src/target/json-lines.ts";
import type { LoadEvent, LoadResult, LoadSpec } from "../../src/workload/spec.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

/** A load generator in a process of its own. */
export type Load = {
  /** Rejects when it ends without a result. */
  readonly done: Promise<LoadResult>;
  kill(): Promise<void>;
};

/** Starts `ordeal load` with this spec; its standard input stays open, for its end would stop it. */
export function startLoad(spec: LoadSpec): Load {
  const child = Bun.spawn([process.execPath, MAIN, "load", "--spec", "-"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.write(`${JSON.stringify(spec)}\n`);
  child.stdin.flush();
  const done = (async () => {
    for await (const line of readLines(child.stdout)) {
      const event = JSON.parse(line) as LoadEvent;
      if (event.kind === "done") return event.result;
    }
    throw new Error(`the load generator ended with code ${await child.exited}`);
  })();
  // Whoever kills it does not wait for a result.
  done.catch(() => {});
  return {
    done,
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
