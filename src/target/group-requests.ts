import type { Command } from "../kv/command.ts";
import { GROUP_1 } from "../lib/ids.ts";
import { type ByteSink, RequestBuffer } from "./request-buffer.ts";

/**
 * Requests on their way to one node, to any of its groups: a frame has one group, so each has a
 * buffer of its own, and a turn's requests leave as one frame a group.
 */
export class GroupRequests {
  readonly #bytesMax: number;
  readonly #of = new Map<number, RequestBuffer>();
  /** Those with something to write, in the order in which it came up. The first may be half written. */
  #waiting: RequestBuffer[] = [];
  /** The group that was asked last: mostly the one that is asked next. */
  #group: number = GROUP_1;
  #buffer: RequestBuffer;

  /** `bytesMax`: of each group. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#buffer = this.#bufferOf(GROUP_1);
  }

  /** False: it would exceed the limit, and nothing was taken. */
  add(group: number, requestId: number, command: Command): boolean {
    if (group !== this.#group) {
      this.#buffer = this.#bufferOf(group);
      this.#group = group;
    }
    const buffer = this.#buffer;
    const wasEmpty = buffer.pendingBytes === 0;
    if (!buffer.add(requestId, command)) return false;
    if (wasEmpty) this.#waiting.push(buffer);
    return true;
  }

  /** Writes what the socket will take now; call again when it drains. False: it is closed. */
  flush(socket: ByteSink): boolean {
    const waiting = this.#waiting;
    let done = 0;
    // A frame that the socket has taken a part of must end before another begins.
    for (; done < waiting.length; done++) {
      if (!waiting[done]!.flush(socket)) return false;
      if (waiting[done]!.pendingBytes > 0) break;
    }
    if (done > 0) waiting.splice(0, done);
    return true;
  }

  /** Forgets everything: the connection is gone, and half a frame may be out. */
  clear(): void {
    for (const buffer of this.#of.values()) buffer.clear();
    this.#waiting = [];
  }

  #bufferOf(group: number): RequestBuffer {
    let buffer = this.#of.get(group);
    if (buffer === undefined) {
      buffer = new RequestBuffer(group, this.#bytesMax);
      this.#of.set(group, buffer);
    }
    return buffer;
  }
}
