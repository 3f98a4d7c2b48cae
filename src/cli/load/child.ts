import { EXIT_USAGE, UserError } from "../../lib/user-error.ts";
import { ownCommand } from "../../runtime/self.ts";
import { readLines } from "../../target/json-lines.ts";
import type {
  LoadCommand,
  LoadEvent,
  LoadResult,
  LoadSpec,
  LoadViolation,
} from "../../workload/spec.ts";
import type { LoadTick } from "../../workload/tick-merger.ts";

const STDERR_KEPT = 4_000;

export type GeneratorEvents = {
  onTick(tick: LoadTick): void;
  onViolation(violation: LoadViolation): void;
};

/** A generator process. */
export type GeneratorChild = {
  readonly pid: number;
  /** Resolves when it is connected; rejects, with what it said, when it ends before. */
  readonly ready: Promise<void>;
  /** Rejects when the process ends without a result. */
  readonly done: Promise<LoadResult>;
  tell(command: LoadCommand): void;
  /** Ends the process at once. Safe after `done`, and twice. */
  kill(): Promise<void>;
};

/**
 * Starts `ordeal load` as a child, so that the load shares no event loop with whoever watches it. The
 * child ends with us: its standard input closes.
 */
export function startChild(spec: LoadSpec, events: GeneratorEvents): GeneratorChild {
  const child = Bun.spawn(ownCommand("ordeal", ["load", "--spec", "-"]), {
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
      else if (event.kind === "tick") events.onTick(event);
      else if (event.kind === "violation") events.onViolation(event);
      else done.resolve(event.result);
    }
    const code = await child.exited;
    const what = (await complaints).trim();
    if (code === EXIT_USAGE) throw refused(what);
    throw new Error(`the load generator ended with code ${code}: ${what}`);
  })();
  listening.catch((error: unknown) => {
    ready.reject(error);
    done.reject(error);
  });
  const send = (message: LoadSpec | LoadCommand): void => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    child.stdin.flush();
  };
  send(spec);
  return {
    pid: child.pid,
    ready: ready.promise,
    done: done.promise,
    tell: send,
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

const refused = (what: string): UserError =>
  new UserError("the load cannot be run", [
    { where: "the generator process", what, fix: "mend what it names" },
  ]);

/** The last of what a stream said. */
async function collect(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const line of readLines(stream)) text = `${text}${line}\n`.slice(-STDERR_KEPT);
  return text;
}
