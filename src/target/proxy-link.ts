import type { TCPSocketListener } from "bun";
import { LinkFaults } from "../fault/link-faults.ts";
import type { TermWatch } from "../fault/message-rules.ts";
import type { LinkState } from "../fault/vocabulary.ts";
import type { Prng } from "../lib/prng.ts";
import { type Endpoint, ProxyPipe } from "./proxy-pipe.ts";

/** What becomes of the connections that are open: `mend` closes those that are half open. */
export type LinkBreak = "reset" | "halfOpen" | "mend";

/**
 * One directed link: a loopback port that stands for the peer port of `target`. Every connection to
 * it is a ProxyPipe; the frames of all of them pass the same LinkFaults.
 */
export class ProxyLink {
  readonly #faults: LinkFaults;
  readonly #pipes = new Set<ProxyPipe>();
  /** Of connections that are closed. */
  #framesBefore = 0;
  readonly #listener: TCPSocketListener<ProxyPipe>;

  /** `terms` is shared by all links of a cluster. */
  constructor(target: Endpoint, prng: Prng, terms?: TermWatch) {
    this.#faults = new LinkFaults(prng, terms);
    this.#listener = Bun.listen<ProxyPipe>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          const forget = (pipe: ProxyPipe): void => {
            if (this.#pipes.delete(pipe)) this.#framesBefore += pipe.frames;
          };
          socket.data = new ProxyPipe(this.#faults, socket, target, forget);
          this.#pipes.add(socket.data);
        },
        data: (socket, chunk) => socket.data.fromDialer(chunk),
        drain: (socket) => socket.data.dialerDrained(),
        close: (socket) => socket.data.dialerClosed(),
        error: (socket) => socket.data.close(),
      },
    });
  }

  /** Frames that were sent on it so far, whatever became of them. */
  get frames(): number {
    let frames = this.#framesBefore;
    for (const pipe of this.#pipes) frames += pipe.frames;
    return frames;
  }

  get port(): number {
    return this.#listener.port;
  }

  set(state: LinkState): void {
    this.#faults.set(state);
    for (const pipe of [...this.#pipes]) pipe.linkChanged();
  }

  /** New connections work. */
  break(how: LinkBreak): void {
    if (how !== "mend") this.#faults.reconnect();
    for (const pipe of [...this.#pipes]) {
      if (how === "reset") pipe.reset();
      else if (how === "halfOpen") pipe.deafen();
      else pipe.mend();
    }
  }

  stop(): void {
    this.#listener.stop(true);
    for (const pipe of [...this.#pipes]) pipe.close();
  }
}
