import type { Socket, TCPSocketListener } from "bun";
import { CLEAR_LINK, type LinkState } from "../../fault/vocabulary.ts";
import type { Prng } from "../../lib/prng.ts";
import { OutQueue } from "../out-queue.ts";
import { ByteFlow } from "./byte-flow.ts";

const OUT_BYTES_MAX = 32 << 20;

export type ByteProxyOptions = {
  /** What the proxy stands for: a port of this node. */
  readonly to: number;
  readonly port: number;
  /** Whose connections these are; 0: `chunk`, the bytes that it sends, do not tell it (yet). */
  readonly dialer: (chunk: Uint8Array) => number;
  /** What the directed link does now. */
  readonly stateOf: (from: number, to: number) => LinkState;
  readonly prng: Prng;
};

/**
 * A loopback port that stands for the peer port of a node, and passes bytes on in both directions:
 * what the dialer says is subject to the link from it, what it hears to the link to it. Bytes, not
 * frames: the protocol may be anything over TCP, so faults are those that TCP shows its users.
 */
export class ByteProxy {
  readonly #options: ByteProxyOptions;
  readonly #pipes = new Set<BytePipe>();
  readonly #listener: TCPSocketListener<BytePipe>;

  constructor(options: ByteProxyOptions) {
    this.#options = options;
    this.#listener = Bun.listen<BytePipe>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = new BytePipe(this.#options, socket, () => this.#pipes.delete(socket.data));
          this.#pipes.add(socket.data);
        },
        data: (socket, chunk) => socket.data.fromDialer(chunk),
        drain: (socket) => socket.data.dialerDrained(),
        close: (socket) => socket.data.dialerClosed(),
        error: (socket) => socket.data.dialerClosed(),
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The links have other states. */
  linksChanged(): void {
    for (const pipe of [...this.#pipes]) pipe.linksChanged();
  }

  stop(): void {
    this.#listener.stop(true);
    for (const pipe of [...this.#pipes]) pipe.close();
  }
}

class BytePipe {
  readonly #options: ByteProxyOptions;
  readonly #dialer: Socket<BytePipe>;
  readonly #onClose: () => void;
  readonly #forward: ByteFlow;
  readonly #back: ByteFlow;
  readonly #toTarget = new OutQueue(OUT_BYTES_MAX);
  readonly #toDialer = new OutQueue(OUT_BYTES_MAX);
  #target: Socket<undefined> | null = null;
  #from = 0;
  #closed = false;

  constructor(options: ByteProxyOptions, dialer: Socket<BytePipe>, onClose: () => void) {
    this.#options = options;
    this.#dialer = dialer;
    this.#onClose = onClose;
    const close = (): void => this.close();
    const forwardEnd = { write: (b: Uint8Array) => this.#sendTo(b), end: close, overflow: close };
    const backEnd = { write: (b: Uint8Array) => this.#sendBack(b), end: close, overflow: close };
    this.#forward = new ByteFlow(forwardEnd, options.prng);
    this.#back = new ByteFlow(backEnd, options.prng);
    void this.#dial();
  }

  fromDialer(chunk: Uint8Array): void {
    if (this.#from === 0) {
      this.#from = this.#options.dialer(chunk);
      if (this.#from !== 0) this.linksChanged();
    }
    this.#forward.push(chunk);
  }

  dialerDrained(): void {
    this.#toDialer.drain(this.#dialer);
  }

  dialerClosed(): void {
    this.#forward.end();
  }

  linksChanged(): void {
    const { stateOf, to } = this.#options;
    const known = this.#from !== 0;
    this.#forward.set(known ? stateOf(this.#from, to) : CLEAR_LINK);
    this.#back.set(known ? stateOf(to, this.#from) : CLEAR_LINK);
  }

  /** Closes both ends; what is still on its way is lost. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forward.close();
    this.#back.close();
    this.#dialer.end();
    this.#target?.end();
    this.#onClose();
  }

  async #dial(): Promise<void> {
    try {
      await Bun.connect<undefined>({
        hostname: "127.0.0.1",
        port: this.#options.port,
        socket: {
          open: (socket) => {
            this.#target = socket;
            if (this.#closed) socket.end();
            else this.#toTarget.flush(socket);
          },
          data: (_socket, chunk) => this.#back.push(chunk),
          drain: (socket) => this.#toTarget.drain(socket),
          close: () => this.#back.end(),
          error: () => this.#back.end(),
          connectError: () => {}, // The promise rejects too.
        },
      });
    } catch {
      this.#back.end();
    }
  }

  #sendTo(bytes: Uint8Array): void {
    if (!this.#toTarget.push(bytes)) return this.close();
    if (this.#target !== null) this.#toTarget.flush(this.#target);
  }

  #sendBack(bytes: Uint8Array): void {
    if (!this.#toDialer.push(bytes)) return this.close();
    this.#toDialer.flush(this.#dialer);
  }
}
