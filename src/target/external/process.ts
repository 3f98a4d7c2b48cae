import { closeSync, openSync, readFileSync } from "node:fs";
import { isStopped } from "../../runtime/proc.ts";
import { until } from "../until.ts";

const STOPPED_WITHIN_MS = 20_000;
const SAID_CHARS = 600;

/**
 * A process of another system's program, which knows nothing of us. It is in a session of its own, so
 * that a terminal's Ctrl-C reaches only us, and on Linux the kernel kills it when we die, however
 * that happens (util-linux's setpriv asks for it, and becomes the program). Its output goes to a file.
 */
export class ExternalProcess {
  readonly #what: string;
  readonly #log: string;
  readonly #child: Bun.Subprocess<"ignore", number, number>;
  #ending = false;
  #paused = false;

  /** `what` names the process in messages; `log` is appended to. */
  constructor(what: string, command: readonly string[], log: string) {
    this.#what = what;
    this.#log = log;
    const guard = process.platform === "linux" ? ["setpriv", "--pdeathsig", "KILL"] : [];
    const out = openSync(log, "a");
    this.#child = Bun.spawn([...guard, ...command], {
      stdin: "ignore",
      stdout: out,
      stderr: out,
      detached: true,
    });
    closeSync(out);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** What it said last. */
  get said(): string {
    return readFileSync(this.#log, "utf8").slice(-SAID_CHARS).trim();
  }

  /** Calls `onLost`, with a sentence, if the process ends without having been told to. */
  watch(onLost: (failure: string) => void): void {
    void this.#child.exited.then(() => {
      if (this.#ending) return;
      const { exitCode, signalCode } = this.#child;
      const how = exitCode === null ? `by ${signalCode}` : `with code ${exitCode}`;
      onLost(`${this.#what} (pid ${this.pid}) ended by itself ${how}: ${this.said}`);
    });
  }

  /** SIGKILL. Resolves once the process is gone. */
  async kill(): Promise<void> {
    this.#ending = true;
    this.#signal("SIGKILL");
    await this.#child.exited;
  }

  /** SIGSTOP. Resolves once it does not run any more. */
  async pause(): Promise<void> {
    this.#paused = true;
    this.#signal("SIGSTOP");
    if (process.platform !== "linux") return;
    await until(`${this.#what} stops`, STOPPED_WITHIN_MS, () => isStopped(this.pid), 1);
  }

  resume(): void {
    this.#paused = false;
    this.#signal("SIGCONT");
  }

  /** To all of its group: redis-server forks to write a snapshot, and that one must not be left. */
  #signal(signal: NodeJS.Signals): void {
    if (!this.running) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // It has just ended.
    }
  }
}
