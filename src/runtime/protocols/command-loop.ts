import type { Reply } from "../../replica/ports.ts";
import { WireError } from "../../wire/bytes.ts";
import type { Pipeline } from "./pipeline.ts";
import type { TextLink, TextProtocol } from "./text-link.ts";

/** The commands that a client sends, one after the other, in a protocol of text. */
export type CommandSource = {
  /** Bytes that came; they will not change. */
  feed(chunk: Uint8Array): void;
  /** Those of them that are not read yet. */
  readonly buffered: number;
  /** Reads the next command; false: it has not come whole. Throws WireError on what is none of the protocol. */
  next(): boolean;
  /** Begins the command that was read last. False: those before it must be answered first. Throws as `next`. */
  begin(): boolean;
  /** Tells the client what it did wrong: nothing that it sent after that is read. */
  refuse(message: string): void;
};

/** Begins the commands of a connection as they come, no more of them than its pipeline takes, until it ends. */
export class CommandLoop implements TextProtocol {
  readonly #link: TextLink;
  readonly #pipeline: Pipeline;
  readonly #source: CommandSource;
  /** A command has been read and could not begin yet. */
  #isHeld = false;
  /** No more is read: the client has ended, has quit, or has sent what is none of the protocol. */
  #isEnding = false;
  /** Nothing follows what the source holds. */
  #isLast = false;
  #isRunning = false;

  constructor(link: TextLink, pipeline: Pipeline, source: CommandSource) {
    this.#link = link;
    this.#pipeline = pipeline;
    this.#source = source;
  }

  get buffered(): number {
    return this.#isEnding ? 0 : this.#source.buffered;
  }

  get isWaiting(): boolean {
    return this.#isHeld || this.#pipeline.isFull;
  }

  get isDone(): boolean {
    return this.#isEnding && this.#pipeline.isEmpty;
  }

  receive(chunk: Uint8Array): void {
    if (this.#isEnding) return;
    this.#source.feed(chunk);
    this.resume();
  }

  end(): void {
    this.#isLast = true;
    this.resume();
  }

  /** Reads no more: what came so far is answered. */
  quit(): void {
    this.#isEnding = true;
  }

  resume(): void {
    // A command that is answered at once may end the turn of the one before it, and so come back here.
    if (this.#isRunning) return;
    this.#isRunning = true;
    const source = this.#source;
    try {
      while (!this.#isEnding && !this.#pipeline.isFull && (this.#isHeld || source.next())) {
        this.#isHeld = !source.begin();
        if (this.#isHeld) break;
      }
      if (this.#isLast && !this.#isHeld && !this.#pipeline.isFull) this.#isEnding = true;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      source.refuse(error.message);
      this.#link.refused(error.message);
      this.#isEnding = true;
    } finally {
      this.#isRunning = false;
    }
  }

  reply(requestId: number, reply: Reply): void {
    this.#pipeline.reply(requestId, reply);
  }
}
