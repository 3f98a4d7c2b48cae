import { readLines } from "../json-lines.ts";
import { run } from "./command.ts";

/**
 * What the process of a namespace does. Sockets that nobody owns keep a namespace alive until the
 * kernel gives up sending what they still hold: that is to be soon.
 */
const HOLD = "echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries; exec cat";

/**
 * A network namespace and the process that keeps it. It has no name in /run/netns: the kernel takes it
 * away, with the devices in it, once the last process in it has ended, and this one ends when its
 * standard input does. So nothing is left however its parent ends.
 */
export class Holder {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "ignore">;

  private constructor(child: Bun.Subprocess<"pipe", "pipe", "ignore">) {
    this.#child = child;
  }

  static async open(): Promise<Holder> {
    const child = Bun.spawn(["unshare", "--net", "sh", "-c", HOLD], {
      ...{ stdin: "pipe", stdout: "pipe", stderr: "ignore" },
      // A terminal's Ctrl-C is for our parent.
      detached: true,
    });
    // `cat` says it again from within the namespace.
    child.stdin.write("ready\n");
    child.stdin.flush();
    const { done } = await readLines(child.stdout).next();
    // Where it cannot be, the command alone says why.
    if (done === true) await run(["unshare", "--net", "true"]);
    return new Holder(child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What comes before a command that is to run in the namespace. */
  get command(): readonly string[] {
    return ["nsenter", `--net=/proc/${this.pid}/ns/net`, "--"];
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}
