import type { FrameMeaning } from "../fault/message-rules.ts";
import { MESSAGE_NAMES } from "../fault/vocabulary.ts";
import { asNode } from "../lib/ids.ts";
import { isBeats, readBeats } from "../wire/beats-codec.ts";
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
  const body = frame.subarray(FRAME_HEADER_BYTES);
  try {
    if (isBeats({ kind })) return meaningOfBeats(kind, body);
    if (!MESSAGES.has(kindName(kind))) return null;
    const message = readMessage({ kind, group: 0, body }, ANYONE, ANYONE);
    const pre = "pre" in message && message.pre;
    return { message: message.kind, term: message.term, pre };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return null;
  }
}

/** The heartbeats of many groups, or their answers, meet one fate. Their term is the highest among them. */
function meaningOfBeats(kind: number, body: Uint8Array): FrameMeaning | null {
  const messages = readBeats({ kind, body }, ANYONE, ANYONE).map(({ message }) => message);
  const first = messages[0];
  if (first === undefined) return null;
  return { message: first.kind, term: Math.max(...messages.map(({ term }) => term)), pre: false };
}
