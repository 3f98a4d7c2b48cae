import type { Socket } from "bun";
import { DueQueue } from "../fault/due-queue.ts";
import type { LinkFaults } from "../fault/link-faults.ts";
import { eachFrame, FrameCutter, frameLength } from "./frame-cutter.ts";
import { meaningOfFrame } from "./frame-meaning.ts";
import { OutQueue } from "./out-queue.ts";

/** What one connection may keep for a target that does not read, or for later; the rest is lost. */
export const PIPE_BYTES_MAX = 8 << 20;

/** What may wait for its turn on a slow link before the dialer is kept from sending more. */
const SLOW_BYTES_MAX = 256 << 10;

export type Endpoint = { readonly host: string; readonly port: number };

/**
 * One connection through a link: from the dialer, which sends frames, to the target, which answers
 * only the handshake. The first frame (the handshake) and the answers are not subject to loss or
 * delay; a cut link swallows them as everything else.
 *
 * A cut looks like silence: connections stay open, and neither end hears that the other closed. A
 * connection that lost its handshake or a close that way is of no use afterwards (`lame`), and is
 * closed when the link heals. One that was left half open (`deaf`) is silent in the same way, by
 * itself, until it is mended. A clogged link is not read from: the rest waits with the dialer.
 */
export class ProxyPipe {
  readonly #faults: LinkFaults;
  readonly #dialer: Socket<ProxyPipe>;
  readonly #onClose: (pipe: ProxyPipe) => void;
  readonly #cutter = new FrameCutter();
  readonly #forward = new OutQueue(PIPE_BYTES_MAX);
  readonly #back = new OutQueue(PIPE_BYTES_MAX);
  readonly #endpoint: Endpoint;
  readonly #held = new DueQueue<Uint8Array>();
  /** What had been read when the link clogged, or came all the same. */
  #unread: Uint8Array[] = [];
  #heldBytes = 0;
  #target: Socket<undefined> | null = null;
  #timer: Timer | undefined;
  #timerDue = Infinity;
  #dialed = false;
  #paused = false;
  #greeted = false;
  #lame = false;
  #deaf = false;
  #dialerGone = false;
  #closed = false;

  constructor(
    faults: LinkFaults,
    dialer: Socket<ProxyPipe>,
    target: Endpoint,
    onClose: (pipe: ProxyPipe) => void,
  ) {
    this.#faults = faults;
    this.#dialer = dialer;
    this.#onClose = onClose;
    this.#endpoint = target;
    if (faults.cut) this.#lame = true;
    else if (faults.clogged) this.#pace();
    else this.#dial();
  }

  /** Whole frames that the dialer has sent, whatever became of them. */
  get frames(): number {
    return this.#cutter.frames;
  }

  /** Bytes from the dialer: frames for the target, in one write. */
  fromDialer(chunk: Uint8Array): void {
    if (this.#lame || this.#deaf) return;
    if (this.#faults.clogged) {
      this.#unread.push(chunk);
      return;
    }
    try {
      this.#cutter.push(chunk, (run) => this.#pass(run));
    } catch {
      this.close(); // Not frames: nothing behind them can be told apart.
      return;
    }
    this.#flush();
    this.#pace();
  }

  dialerDrained(): void {
    this.#back.drain(this.#dialer);
  }

  dialerClosed(): void {
    this.#dialerGone = true;
    if (this.#faults.cut) this.#lame = true;
    this.#closeIfDone();
  }

  /** The link has another state. */
  linkChanged(): void {
    if (this.#faults.cut) {
      this.#dropHeld();
    } else if (this.#lame && !this.#faults.clogged) {
      this.close();
    } else if (!this.#faults.clogged) {
      if (!this.#dialed) this.#dial();
      this.#release(this.#faults.slow ? performance.now() : Infinity);
      const unread = this.#unread;
      this.#unread = [];
      for (const chunk of unread) this.fromDialer(chunk);
      this.#closeIfDone();
    }
    this.#pace();
  }

  /** From now on it carries nothing more, and tells neither end, until `mend`. */
  deafen(): void {
    this.#deaf = true;
    this.#dropHeld();
  }

  /** Closes a connection that is half open, so that its dialer dials again. */
  mend(): void {
    if (this.#deaf) this.close();
  }

  /** Ends both connections at once with a reset (RST): Bun's `terminate` lingers for no time. */
  reset(): void {
    this.#dialer.terminate();
    this.#target?.terminate();
    this.close();
  }

  /** Closes both ends; what is still queued is lost. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#held.clear();
    this.#unread = [];
    this.#dialer.end();
    this.#target?.end();
    this.#onClose(this);
  }

  #dial(): void {
    const { host, port } = this.#endpoint;
    this.#dialed = true;
    Bun.connect<undefined>({
      hostname: host,
      port,
      socket: {
        open: (socket) => {
          this.#target = socket;
          if (this.#closed) socket.end();
          else this.#flush();
        },
        data: (_socket, chunk) => this.#fromTarget(chunk),
        drain: (socket) => {
          if (!this.#deaf) this.#forward.drain(socket);
          this.#closeIfDone();
        },
        close: () => this.#targetClosed(),
        error: () => this.#targetClosed(),
      },
    }).catch(() => this.#targetClosed());
  }

  #fromTarget(chunk: Uint8Array): void {
    if (this.#deaf) return;
    if (this.#faults.cut || this.#lame) {
      this.#lame = true; // Half an answer is worse than none.
    } else if (this.#back.push(chunk)) {
      this.#back.flush(this.#dialer);
    } else {
      this.close();
    }
  }

  #targetClosed(): void {
    if (this.#deaf) return;
    if (this.#faults.cut || this.#faults.clogged) this.#lame = true;
    else this.close();
  }

  #pass(run: Uint8Array): void {
    let rest = run;
    if (!this.#greeted) {
      if (this.#faults.cut) {
        this.#lame = true;
        return;
      }
      const length = frameLength(run, 0);
      this.#greeted = true;
      this.#forward.push(run.subarray(0, length));
      rest = run.subarray(length);
    }
    if (this.#faults.transparent) {
      if (rest.length > 0) this.#forward.push(rest);
      return;
    }
    const now = performance.now();
    this.#takeDue(now);
    const { asksMeaning } = this.#faults;
    eachFrame(rest, (frame) => {
      const meaning = asksMeaning ? meaningOfFrame(frame) : null;
      for (const due of this.#faults.offer(now, frame.length, meaning)) {
        if (due <= now) this.#forward.push(frame);
        else this.#hold(frame, due);
      }
    });
  }

  #hold(frame: Uint8Array, due: number): void {
    if (this.#heldBytes + this.#forward.bytes + frame.length > PIPE_BYTES_MAX) return;
    this.#held.add(due, frame);
    this.#heldBytes += frame.length;
    this.#schedule();
  }

  #dropHeld(): void {
    this.#held.clear();
    this.#heldBytes = 0;
  }

  #release(now: number): void {
    this.#takeDue(now);
    this.#schedule();
    this.#flush();
    this.#pace();
    this.#closeIfDone();
  }

  /** Reads from the dialer, or lets what it sends pile up at its end: TCP's back-pressure. */
  #pace(): void {
    const { clogged, state } = this.#faults;
    const isSlow = state.bytesPerSecond > 0 && this.#heldBytes > SLOW_BYTES_MAX;
    const paused = clogged || isSlow;
    if (paused === this.#paused || this.#closed) return;
    this.#paused = paused;
    if (paused) this.#dialer.pause();
    else this.#dialer.resume();
  }

  #takeDue(now: number): void {
    if (this.#faults.clogged) return;
    for (let frame = this.#held.take(now); frame !== undefined; frame = this.#held.take(now)) {
      this.#heldBytes -= frame.length;
      this.#forward.push(frame);
    }
  }

  #schedule(): void {
    const due = this.#held.nextDue;
    if (due >= this.#timerDue || this.#closed || this.#faults.clogged) return;
    clearTimeout(this.#timer);
    this.#timerDue = due;
    // Bun truncates fractions of a millisecond: rounded up, or it would fire too soon and spin.
    const inMs = Math.max(1, Math.ceil(due - performance.now()));
    this.#timer = setTimeout(() => {
      this.#timerDue = Infinity;
      this.#release(performance.now());
    }, inMs);
  }

  #flush(): void {
    if (this.#target !== null && !this.#deaf) this.#forward.flush(this.#target);
  }

  /** What a dialer sent before it closed still arrives, as from a host that died. */
  #closeIfDone(): void {
    if (!this.#dialerGone || (this.#faults.clogged && !this.#deaf)) return;
    const done =
      this.#lame || this.#deaf
        ? this.#target === null // Otherwise the target must not hear of it before the link heals.
        : this.#held.size === 0 && this.#forward.bytes === 0;
    if (done) this.close();
  }
}
