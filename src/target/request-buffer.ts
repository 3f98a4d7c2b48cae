import { type Command, commandBytes, writeCommand } from "../kv/command.ts";
import { crc32 } from "../lib/crc32.ts";
import { REQUEST_HEADER_BYTES } from "../wire/client.ts";
import { FRAME_HEADER_BYTES, FRAME_VERSION } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";

/** The part of Bun.Socket this needs: takes some of the bytes, or returns -1 when it is closed. */
export type ByteSink = { write(data: Uint8Array, offset: number, length: number): number };

/** A frame is sealed once it is so long: a server may start on it while the next one forms. */
const FRAME_BYTES_GOAL = 1 << 20;

/**
 * Requests on their way to one node, encoded straight into the bytes that the socket is given: one
 * clientRequests frame for each `flush`, so for each event-loop turn. Bounded: a request that does
 * not fit is not taken.
 */
export class RequestBuffer {
  readonly #bytesMax: number;
  readonly #group: number;
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  /** The socket has taken everything before. */
  #start = 0;
  #end = 0;
  /** Where the frame that is still open begins; -1: none is. */
  #frameAt = -1;

  constructor(group: number, bytesMax: number) {
    this.#group = group;
    this.#bytesMax = bytesMax;
  }

  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** False: it would exceed the limit, and nothing was taken. */
  add(requestId: number, command: Command): boolean {
    const bytes = commandBytes(command.key.length, command.value.length);
    const needed = bytes + REQUEST_HEADER_BYTES + FRAME_HEADER_BYTES;
    if (this.pendingBytes + needed > this.#bytesMax) return false;
    this.#reserve(needed);
    if (this.#frameAt !== -1 && this.#end - this.#frameAt > FRAME_BYTES_GOAL) this.#seal();
    if (this.#frameAt === -1) {
      this.#frameAt = this.#end;
      this.#end += FRAME_HEADER_BYTES;
    }
    this.#view.setUint32(this.#end, bytes + 4, true);
    this.#view.setUint32(this.#end + 4, requestId, true);
    this.#end = writeCommand(this.#bytes, this.#view, this.#end + REQUEST_HEADER_BYTES, command);
    return true;
  }

  /** Writes what the socket will take now; call again when it drains. False: it is closed. */
  flush(socket: ByteSink): boolean {
    this.#seal();
    if (this.#start === this.#end) return true;
    const taken = socket.write(this.#bytes, this.#start, this.#end - this.#start);
    if (taken < 0) return false;
    this.#start += taken;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return true;
  }

  /** Forgets everything: the connection is gone, and half a frame may be out. */
  clear(): void {
    this.#start = this.#end = 0;
    this.#frameAt = -1;
  }

  #seal(): void {
    const at = this.#frameAt;
    if (at === -1) return;
    const view = this.#view;
    view.setUint32(at, this.#end - at, true);
    view.setUint8(at + 8, KIND.clientRequests);
    view.setUint8(at + 9, FRAME_VERSION);
    view.setUint32(at + 10, this.#group, true);
    view.setUint32(at + 4, crc32(this.#bytes.subarray(at + 8, this.#end)), true);
    this.#frameAt = -1;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const pending = this.pendingBytes;
    // Moving in place only what is less than was taken keeps the cost of a slow reader linear.
    const room = pending + bytes <= this.#bytes.length && this.#start >= pending;
    const into = room
      ? this.#bytes
      : new Uint8Array(Math.max(this.#bytes.length * 2, pending + bytes));
    into.set(this.#bytes.subarray(this.#start, this.#end));
    if (!room) this.#view = new DataView(into.buffer);
    this.#bytes = into;
    if (this.#frameAt !== -1) this.#frameAt -= this.#start;
    this.#start = 0;
    this.#end = pending;
  }
}
