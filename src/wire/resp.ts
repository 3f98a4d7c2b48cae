import { VALUE_BYTES_MAX } from "../kv/command.ts";
import { splitInline } from "./resp-inline.ts";
import { WireError } from "./bytes.ts";
import { ChunkBuffer } from "./chunk-buffer.ts";

/** Arguments of one command, its name included. */
export const RESP_ARGS_MAX = 4096;
/** Bytes of one command, all of its arguments together. */
export const RESP_COMMAND_BYTES_MAX = 16 << 20;
/** A command that is typed as one line. */
export const RESP_INLINE_BYTES_MAX = 64 << 10;
/** The line of a length: "*" or "$", a sign, digits. */
const LENGTH_LINE_BYTES_MAX = 32;

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** A length whose line has not come whole. */
const UNFINISHED = -2;

/**
 * Cuts a stream of bytes into commands of RESP2 and RESP3, which a client writes alike
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/): arrays of bulk strings, or lines
 * as one types them. A command that lies whole within a chunk is not copied.
 *
 * `feed` a chunk, then take its commands with `next`, one at a time. Both throw WireError, whose text is
 * what the client is told, when the bytes are no RESP or exceed a limit; nothing more can then be read.
 */
export class RespReader {
  /** Of the command that `next` has given: argument i is `source[starts[i], ends[i])`. */
  argc = 0;
  source: Uint8Array = NO_BYTES;
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  readonly #input = new ChunkBuffer();
  /** How far the command is read that begins at the input's start. */
  #at = 0;
  /** What of a line that is not whole has been looked at. */
  #looked = 0;
  /** Arguments of the array that is being read; 0: none is. */
  #wanted = 0;
  /** Length of the argument that is being read; -1: not known yet. */
  #bulk = -1;
  /** Where the line ends whose number was read last. */
  #lineEnd = 0;

  /** Bytes that came and are not taken yet. */
  get buffered(): number {
    return this.#input.size;
  }

  /** Takes the next bytes. They must not change afterwards: arguments are views of them. */
  feed(chunk: Uint8Array): void {
    const shift = this.#input.feed(chunk);
    this.#at -= shift;
    this.#looked = Math.max(0, this.#looked - shift);
    for (let i = 0; this.#wanted > 0 && shift > 0 && i < this.argc; i++) {
      this.starts[i] = this.starts[i]! - shift;
      this.ends[i] = this.ends[i]! - shift;
    }
  }

  /** True: `argc` arguments of a command are there. False: it takes more bytes. */
  next(): boolean {
    while (this.#wanted === 0) {
      if (this.#at >= this.#input.end) return false;
      if (this.#input.bytes[this.#at] !== STAR) {
        if (!this.#inline()) return false;
        if (this.argc > 0) return true;
        continue;
      }
      const count = this.#number("multibulk");
      if (count === UNFINISHED) return false;
      if (count > RESP_ARGS_MAX) throw new WireError("Protocol error: invalid multibulk length");
      this.#at = this.#lineEnd;
      if (count <= 0) this.#input.start = this.#at;
      else this.#wanted = count;
      this.argc = 0;
    }
    while (this.argc < this.#wanted) if (!this.#argument()) return false;
    this.source = this.#input.bytes;
    this.#wanted = 0;
    this.#input.start = this.#at;
    return true;
  }

  #argument(): boolean {
    if (this.#bulk < 0) {
      if (this.#at >= this.#input.end) return false;
      const kind = this.#input.bytes[this.#at]!;
      if (kind !== DOLLAR) {
        throw new WireError(`Protocol error: expected '$', got '${printable(kind)}'`);
      }
      const length = this.#number("bulk");
      if (length === UNFINISHED) return false;
      if (length < 0) throw new WireError("Protocol error: invalid bulk length");
      if (length > VALUE_BYTES_MAX) {
        throw new WireError(
          `Protocol error: invalid bulk length: ${length} bytes, the limit is ${VALUE_BYTES_MAX}`,
        );
      }
      if (this.#at - this.#input.start + length > RESP_COMMAND_BYTES_MAX) {
        throw new WireError(
          `Protocol error: too big request: the limit is ${RESP_COMMAND_BYTES_MAX} bytes`,
        );
      }
      this.#at = this.#lineEnd;
      this.#bulk = length;
    }
    const end = this.#at + this.#bulk;
    if (this.#input.end < end + 2) return false;
    if (this.#input.bytes[end] !== CR || this.#input.bytes[end + 1] !== LF) {
      throw new WireError("Protocol error: bulk string without CRLF at its end");
    }
    this.starts[this.argc] = this.#at;
    this.ends[this.argc] = end;
    this.argc++;
    this.#at = end + 2;
    this.#bulk = -1;
    return true;
  }

  /** The number after the first byte of the line at `#at`, -1 if it is negative, or UNFINISHED. */
  #number(what: string): number {
    const bytes = this.#input.bytes;
    const longest = this.#at + LENGTH_LINE_BYTES_MAX;
    const most = Math.min(this.#input.end, longest);
    let at = this.#at + 1;
    const isNegative = at < most && bytes[at] === MINUS;
    if (isNegative) at++;
    const first = at;
    let value = 0;
    for (; at < most; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    // Nothing is looked at beyond the longest line: what it says must not depend on how much has come.
    const isCut = at + 2 > most;
    if (isCut && most < longest && (at === most || bytes[at] === CR)) return UNFINISHED;
    if (at === first || isCut || bytes[at] !== CR || bytes[at + 1] !== LF) {
      throw new WireError(`Protocol error: invalid ${what} length`);
    }
    this.#lineEnd = at + 2;
    return isNegative ? -1 : value;
  }

  /** Takes one line as a command, which may be empty. False: its end has not come. */
  #inline(): boolean {
    const lineFeed = this.#input.bytes.indexOf(LF, Math.max(this.#at, this.#looked));
    const isWhole = lineFeed !== -1 && lineFeed < this.#input.end;
    if ((isWhole ? lineFeed : this.#input.end) - this.#at > RESP_INLINE_BYTES_MAX) {
      throw new WireError(
        `Protocol error: too big inline request: the limit is ${RESP_INLINE_BYTES_MAX} bytes`,
      );
    }
    if (!isWhole) {
      this.#looked = this.#input.end;
      return false;
    }
    const line = this.#input.bytes.subarray(this.#at, lineFeed);
    const args = splitInline(line[line.length - 1] === CR ? line.subarray(0, -1) : line);
    if (args === null) throw new WireError("Protocol error: unbalanced quotes in request");
    if (args.length > RESP_ARGS_MAX) throw new WireError("Protocol error: too many arguments");
    this.#at = this.#input.start = lineFeed + 1;
    this.#take(args);
    return true;
  }

  #take(args: readonly Uint8Array[]): void {
    const source = new Uint8Array(args.reduce((sum, arg) => sum + arg.length, 0));
    let at = 0;
    this.argc = args.length;
    for (const [i, arg] of args.entries()) {
      source.set(arg, at);
      this.starts[i] = at;
      at += arg.length;
      this.ends[i] = at;
    }
    this.source = source;
  }
}

const printable = (byte: number): string =>
  byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?";
