import { isStopped } from "../runtime/proc.ts";
import { OWN_ROOT, ownCommand, ownEnv } from "../runtime/self.ts";
import { readLines } from "./json-lines.ts";
import { until } from "./until.ts";

/** How much of what a child said last is kept for error reports. */
const STDERR_CHARS = 4_000;
const STOPPED_WITHIN_MS = 20_000;
/** Two threads are the default on two cores: two blocked file operations would stall every other. */
const THREADS = "8";

/** How a child ended. `exitCode` is null when a signal ended it; `said` is what it said last. */
export type ChildEnd = { readonly exitCode: number | null; readonly said: string };

/** A child that ended before it was ready. */
export class ChildStartError extends Error implements ChildEnd {
  override readonly name = "ChildStartError";
  readonly exitCode: number | null;
  readonly said: string;

  constructor(what: string, exitCode: number | null, said: string) {
    super(`${what} ended with ${exitCode === null ? "a signal" : `code ${exitCode}`}: ${said}`);
    this.exitCode = exitCode;
    this.said = said;
  }
}

type Child = Bun.Subprocess<"pipe", "pipe", "pipe">;

/**
 * A process of this program that ends with this one: its standard input is a pipe from us, and on
 * Linux the kernel kills it when we die. It is the leader of a session of its own, so a terminal's
 * Ctrl-C reaches only us, and we decide what becomes of it.
 */
export class LocalChild {
  readonly #what: string;
  readonly #child: Child;
  readonly #lines: AsyncGenerator<string>;
  readonly #allSaid: Promise<void>;
  #asked: Promise<unknown> = Promise.resolve();
  #said = "";
  #ending = false;
  #paused = false;

  /**
   * Runs `program …args`; `what` names the process in messages. `within` is a command, without forks,
   * that runs another, the program, in some place. `root`: of the sources it is taken from.
   */
  constructor(
    what: string,
    program: "ordeal" | "node",
    args: readonly string[],
    within: readonly string[] = [],
    root: string = OWN_ROOT,
  ) {
    this.#what = what;
    this.#child = Bun.spawn([...within, ...ownCommand(program, args, root)], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
      env: { ...process.env, ...ownEnv(root), UV_THREADPOOL_SIZE: THREADS },
    });
    this.#lines = readLines(this.#child.stdout);
    this.#allSaid = this.#collect();
  }

  get pid(): number {
    return this.#child.pid;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The next line on its standard output. Rejects with ChildStartError when it ends instead. */
  async nextLine(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done !== true) return value;
    await this.#child.exited;
    await this.#allSaid;
    throw new ChildStartError(this.#what, this.#child.exitCode, this.#said.trim());
  }

  /** Calls `onLost`, with a sentence, if the process ends without having been told to. */
  watch(onLost: (failure: string, end: ChildEnd) => void): void {
    void this.#child.exited.then(async () => {
      if (this.#ending) return;
      await this.#allSaid;
      const { exitCode, signalCode } = this.#child;
      const how = exitCode === null ? `by ${signalCode}` : `with code ${exitCode}`;
      const said = this.#said.trim();
      onLost(`${this.#what} (pid ${this.pid}) ended by itself ${how}: ${said}`, { exitCode, said });
    });
  }

  send(line: unknown): void {
    // Nobody reads it if the process has just ended, which bun tells by a throw or by a promise,
    // as it comes; `watch` tells whoever must know.
    try {
      this.#child.stdin.write(`${JSON.stringify(line)}\n`);
      Promise.resolve(this.#child.stdin.flush()).catch(() => {});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    }
  }

  /** Sends a line, and resolves to the line that answers it; null: the process ended instead. */
  ask(line: unknown): Promise<string | null> {
    this.send(line);
    const answered = this.#asked.then(() =>
      this.nextLine().catch((error: unknown) => {
        if (error instanceof ChildStartError) return null;
        throw error;
      }),
    );
    this.#asked = answered.catch(() => {});
    return answered;
  }

  /** SIGKILL. Resolves once the process is gone. */
  async kill(): Promise<void> {
    this.#ending = true;
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  /** Sends a line on which the process kills itself; does it after `withinMs` if it has not. */
  async killedBy(line: unknown, withinMs: number): Promise<void> {
    this.#ending = true;
    this.send(line);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), withinMs);
    await this.#child.exited;
    clearTimeout(timer);
  }

  /** SIGSTOP. Resolves once the process does not run any more. */
  async pause(): Promise<void> {
    this.#paused = true;
    this.#child.kill("SIGSTOP");
    if (process.platform !== "linux") return;
    await until(`${this.#what} stops`, STOPPED_WITHIN_MS, () => isStopped(this.pid), 1);
  }

  resume(): void {
    this.#paused = false;
    this.#child.kill("SIGCONT");
  }

  /** SIGTERM, resuming it first if need be, then SIGKILL after `withinMs`. True: it ended well. */
  async stop(withinMs: number): Promise<boolean> {
    this.#ending = true;
    this.#child.kill("SIGTERM");
    this.#child.kill("SIGCONT");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), withinMs);
    await this.#child.exited;
    clearTimeout(timer);
    return this.#child.exitCode === 0;
  }

  async #collect(): Promise<void> {
    for await (const line of readLines(this.#child.stderr)) {
      this.#said = `${this.#said}${line}\n`.slice(-STDERR_CHARS);
    }
  }
}
