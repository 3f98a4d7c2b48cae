import type { FrameMeaning } from "../fault/message-rules.ts";
import { MESSAGE_NAMES } from "../fault/vocabulary.ts";
import { asNode } from "../lib/ids.ts";
import { WireError } from "../wire/bytes.ts";
import { FRAME_HEADER_BYTES } from "../wire/frame.ts";
import { kindName } from "../wire/kinds.ts";
import { readMessage } from "../wire/raft-codec.ts";

const KIND_AT = 8;
const MESSAGES: ReadonlySet<string | undefined> = new Set(MESSAGE_NAMES);
/** Who is at either end does not matter for what a frame means. */
const ANYONE = asNode(1);

/** What a whole frame says, header first; null for one that is no message of Raft, or no sound one. */
export function meaningOfFrame(frame: Uint8Array): FrameMeaning | null {
  const kind = frame[KIND_AT]!;
  if (!MESSAGES.has(kindName(kind))) return null;
  try {
    const body = frame.subarray(FRAME_HEADER_BYTES);
    const message = readMessage({ kind, group: 0, body }, ANYONE, ANYONE);
    const pre = "pre" in message && message.pre;
    return { message: message.kind, term: message.term, pre };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return null;
  }
}
