import { readLines } from "../../src/target/json-lines.ts";
import type { LoadCommand, LoadEvent, LoadResult, LoadSpec } from "../../src/workload/spec.ts";
import { ownCommand } from "../../src/runtime/self.ts";

type LoadTick = LoadEvent & { readonly kind: "tick" };

/** A load generator in a process of its own. */
export type Load = {
  readonly pid: number;
  /** Resolves when it is connected; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Rejects when it ends without a result. */
  readonly done: Promise<LoadResult>;
  tell(command: LoadCommand): void;
  kill(): Promise<void>;
};

/** Starts `ordeal load` with this spec; its standard input stays open, for its end would stop it. */
export function startLoad(spec: LoadSpec, onTick: (tick: LoadTick) => void = () => {}): Load {
  const child = Bun.spawn(ownCommand("ordeal", ["load", "--spec", "-"]), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const tell = (message: LoadSpec | LoadCommand): void => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    child.stdin.flush();
  };
  tell(spec);
  const ready = Promise.withResolvers<void>();
  const done = (async () => {
    for await (const line of readLines(child.stdout)) {
      const event = JSON.parse(line) as LoadEvent;
      if (event.kind === "ready") ready.resolve();
      else if (event.kind === "tick") onTick(event);
      else if (event.kind === "done") return event.result;
    }
    throw new Error(`the load generator ended with code ${await child.exited}`);
  })();
  done.catch(ready.reject);
  // Whoever kills it waits for neither.
  ready.promise.catch(() => {});
  return {
    pid: child.pid,
    ready: ready.promise,
    done,
    tell,
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
