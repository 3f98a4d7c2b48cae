import { join } from "node:path";
import type { RunningLoad, StartLoad } from "../chaos/run.ts";
import { readLines } from "../target/json-lines.ts";
import type { LoadCommand, LoadEvent, LoadResult } from "../workload/spec.ts";

const MAIN = join(import.meta.dir, "main.ts");
const STDERR_KEPT = 4_000;

/**
 * Starts `ordeal load` as a child, so that the load shares no event loop with whoever watches it.
 * Rejects, with what the child said, when it ends before it is ready. The child ends with us: its
 * standard input closes.
 */
export const startGenerator: StartLoad = async (spec, onTick, onViolation) => {
  const child = Bun.spawn([process.execPath, MAIN, "load", "--spec", "-"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const complaints = collect(child.stderr);
  const ready = Promise.withResolvers<void>();
  const done = Promise.withResolvers<LoadResult>();
  // Whoever does not wait for one of them must not end the process by its rejection.
  ready.promise.catch(() => {});
  done.promise.catch(() => {});
  const listening = (async () => {
    for await (const line of readLines(child.stdout)) {
      const event = JSON.parse(line) as LoadEvent;
      if (event.kind === "ready") ready.resolve();
      else if (event.kind === "tick") onTick(event);
      else if (event.kind === "violation") onViolation?.(event);
      else done.resolve(event.result);
    }
    const code = await child.exited;
    throw new Error(`the load generator ended with code ${code}: ${(await complaints).trim()}`);
  })();
  listening.catch((error: unknown) => {
    ready.reject(error);
    done.reject(error);
  });

  const send = (message: unknown): void => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    child.stdin.flush();
  };
  const load: RunningLoad = {
    done: done.promise,
    stop: () => {
      const command: LoadCommand = { kind: "stop", finalReads: true };
      send(command);
      return done.promise;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
  try {
    send(spec);
    await ready.promise;
  } catch (error) {
    await load.kill();
    throw error;
  }
  return load;
};

/** The last of what a stream said. */
async function collect(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const line of readLines(stream)) text = `${text}${line}\n`.slice(-STDERR_KEPT);
  return text;
}
