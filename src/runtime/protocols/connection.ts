import type { Socket } from "bun";
import { NO_NODE } from "../../lib/ids.ts";
import type { Reply } from "../../replica/ports.ts";
import { STATUS } from "../../wire/errors.ts";
import type { Frame, FrameReader } from "../../wire/frame.ts";
import type { FrameWriter } from "../frame-writer.ts";
import type { TextSide } from "./text-side.ts";

/** A connection to the client port. */
export type Connection = {
  readonly id: number;
  readonly socket: Socket<Connection>;
  /** Where a stranger came from: the socket has forgotten it when TLS has failed. */
  readonly from: string | undefined;
  readonly reader: FrameReader;
  readonly onFrame: (frame: Frame) => void;
  /** What came before it was clear what is spoken; null: it is clear. */
  first: Uint8Array | null;
  /** Null: frames are spoken. */
  text: TextSide | null;
  readonly out: FrameWriter;
  /** Where in `out` the open clientResponses frame begins; -1: none is open. */
  frameStart: number;
  /** Whose replies are in it. */
  frameGroup: number;
  unanswered: number;
  /** Is in #dirty, to be flushed at the end of the turn. */
  dirty: boolean;
  closed: boolean;
};

/** A refusal that the server gives by itself, before the replica sees the request. */
export const OVERLOADED: Reply = {
  status: STATUS.overloaded.code,
  leaderHint: NO_NODE,
  version: 0,
  index: 0,
  valueIn: new Uint8Array(0),
  valueAt: 0,
  valueBytes: 0,
};

/** Bytes of what has begun and is not whole. What we do not read on purpose does not count. */
export function waitingBytes({ first, text, reader }: Connection): number {
  if (first !== null) return first.length;
  if (text === null) return reader.buffered;
  return text.protocol.isWaiting ? 0 : text.protocol.buffered;
}
