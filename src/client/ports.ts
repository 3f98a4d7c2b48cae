import type { Command } from "../kv/command.ts";
import type { Prng } from "../lib/prng.ts";

/** It took effect once, and the completion says what it did. */
export const DONE_OK = 0;
/** It did not take effect and never will. */
export const DONE_FAIL = 1;
/** A versioned put was refused: `version` is the key's version. */
export const DONE_MISMATCH = 2;
/** It may have taken effect, or may yet. The slot has left its session, which can tell no more. */
export const DONE_INFO = 3;

export type ClerkOptions = {
  /** Clients, each with at most one operation outstanding. Slot s uses lane s % lanes. */
  readonly slots: number;
  /** Node ids in the order in which the ports number the nodes. */
  readonly nodeIds: readonly number[];
  /** Connections to each node. */
  readonly lanes: number;
  /** An operation is given up after so long. */
  readonly timeoutMs: number;
  /** An attempt is repeated elsewhere when its node has answered nothing for so long. */
  readonly attemptTimeoutMs: number;
  /** Share of the operations that first ask the slot's own node (slot % nodes), not the leader. */
  readonly homeShare: number;
  /** How often an operation is tried again that was refused as overloaded. Default 6. */
  readonly overloadRetries?: number | undefined;
  /** Jitter of pauses and the nonces of sessions. */
  readonly prng: Prng;
};

/** What the clerk needs of its world. `node` is an index into `nodeIds`. */
export type ClerkPorts = {
  /**
   * Queues a request to a group on a connection; the bytes of `command`, one reused object, are taken
   * within the call. False: not connected, or no room, and nothing was taken.
   */
  send(node: number, lane: number, requestId: number, command: Command, group: number): boolean;
  /** The slot's operation has ended; it may start the next one within the call. */
  onDone(slot: number, done: Completion, now: number): void;
};

/** How an operation ended. One object, reused: read it before the next `start`. */
export type Completion = {
  /** DONE_OK, DONE_FAIL, DONE_MISMATCH or DONE_INFO. */
  outcome: number;
  /** A status code of wire/errors.ts; its `timeout` when the clerk gave up. */
  status: number;
  /** The key's version afterwards; 0: absent; -1: unknown. Of a scan: how many keys it returned. */
  version: number;
  /** Log index at which it took effect; 0: unknown. */
  index: number;
  /** The value of a get, or the reply of a scan (kv/scan-reply.ts), `valueIn[valueAt, valueAt + valueBytes)`; valid during the call. */
  valueIn: Uint8Array;
  valueAt: number;
  valueBytes: number;
};

export const newCompletion = (): Completion => ({
  ...{ outcome: DONE_OK, status: 0, version: 0, index: 0 },
  ...{ valueIn: new Uint8Array(0), valueAt: 0, valueBytes: 0 },
});
