import type { TextLink, TextProtocol } from "./text-link.ts";

/** How long a client has to take what is left for it and close, once we have said that it is over. */
const LINGER_MS = 1_000;
/** While so many bytes wait behind commands that wait, the connection is not read from. */
const WAITING_BYTES_HIGH = 256 << 10;

/** The part of Bun.Socket this needs. */
export type TextSocket = {
  pause(): void;
  resume(): void;
  shutdown(halfClose?: boolean): void;
  terminate(): void;
};

/** A connection that speaks text: when it is read from, and how it ends. */
export class TextSide {
  readonly #link: TextLink;
  readonly #socket: TextSocket;
  readonly #protocol: TextProtocol;
  #isPaused = false;
  /** Null: it has not said that it is over. */
  #linger: Timer | null = null;

  constructor(link: TextLink, socket: TextSocket, protocol: TextProtocol) {
    this.#link = link;
    this.#socket = socket;
    this.#protocol = protocol;
  }

  get protocol(): TextProtocol {
    return this.#protocol;
  }

  receive(chunk: Uint8Array): void {
    if (this.#linger !== null) return;
    this.#protocol.receive(chunk);
    this.#link.markDirty();
  }

  /** The client sends no more. */
  end(): void {
    if (this.#linger !== null) return this.#socket.terminate();
    this.#protocol.end();
    this.#link.wake();
  }

  /** Goes on once a turn's answers were written. */
  written(): void {
    if (this.#linger !== null) return;
    this.#protocol.resume();
    const { isWaiting, buffered, isDone } = this.#protocol;
    const mustPause = isWaiting && buffered > WAITING_BYTES_HIGH;
    if (mustPause !== this.#isPaused) {
      this.#isPaused = mustPause;
      if (mustPause) this.#socket.pause();
      else this.#socket.resume();
    }
    if (isDone && this.#link.out.pendingBytes === 0) this.#finish();
  }

  /** The connection is gone. */
  closed(): void {
    if (this.#linger !== null) clearTimeout(this.#linger);
  }

  /** A close with bytes unread would reset the connection, and take with it what the client has yet to read. */
  #finish(): void {
    if (this.#isPaused) this.#socket.resume();
    this.#linger = setTimeout(() => this.#socket.terminate(), LINGER_MS);
    this.#socket.shutdown();
  }
}
