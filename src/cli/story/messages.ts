import { describeMessage } from "../../raft/describe.ts";
import type { Message } from "../../raft/types.ts";
import { replayRecording } from "../../replica/replay.ts";

/** A message between real nodes. Milliseconds since the Unix epoch, by the clocks of the two nodes. */
export type RealMessage = {
  readonly message: Message;
  readonly sentMs: number;
  /** Null: it never arrived, or not by the end of the recordings. */
  readonly arrivedMs: number | null;
};

export type Span = { readonly fromMs: number; readonly toMs: number };

/** Copies and retransmissions look alike: a message is not taken for one that was sent so long before. */
const TRAVEL_MS_MAX = 20_000;
/** Clocks of processes of one machine differ by less. */
const SKEW_MS = 1;

/**
 * The messages that arrived, or were lost, within the span. What a node was sent stands in its
 * recording; what it sent comes out of a core that is given its inputs again. Equal messages of a link
 * are matched in order: of a duplicate the second arrival is left out.
 */
export function messagesWithin(
  recordings: readonly Uint8Array[],
  { fromMs, toMs }: Span,
): readonly RealMessage[] {
  const sent = new Map<string, { readonly message: Message; readonly atMs: number }[]>();
  const arrived: { readonly message: Message; readonly atMs: number }[] = [];
  const isNear = (atMs: number): boolean => atMs >= fromMs - TRAVEL_MS_MAX && atMs <= toMs;
  const send = (message: Message, atMs: number): void => {
    if (!isNear(atMs)) return;
    const key = describeMessage(message);
    const same = sent.get(key);
    if (same === undefined) sent.set(key, [{ message, atMs }]);
    else same.push({ message, atMs });
  };
  for (const bytes of recordings) {
    /** Messages that wait until a write is durable. */
    let waiting: { readonly writeSeq: number; readonly messages: readonly Message[] }[] = [];
    replayRecording(bytes, (event) => {
      const { wallMs } = event;
      if (event.kind === "start") waiting = [];
      else if (event.kind === "ready") {
        const { messages, messagesAfterPersist, writeSeq } = event.ready;
        for (const message of messages) send(message, wallMs);
        if (messagesAfterPersist.length > 0) {
          waiting.push({ writeSeq, messages: messagesAfterPersist });
        }
      } else if (event.input.kind === "message") {
        if (isNear(wallMs)) arrived.push({ message: event.input.message, atMs: wallMs });
      } else if (event.input.kind === "persisted") {
        const { writeSeq } = event.input;
        const durable = waiting.filter((each) => each.writeSeq <= writeSeq);
        waiting = waiting.filter((each) => each.writeSeq > writeSeq);
        for (const { messages } of durable) for (const message of messages) send(message, wallMs);
      }
    });
  }
  return matched(sent, arrived).filter(
    ({ sentMs, arrivedMs }) => (arrivedMs ?? sentMs) >= fromMs && (arrivedMs ?? sentMs) <= toMs,
  );
}

type Timed = { readonly message: Message; readonly atMs: number };

function matched(sent: ReadonlyMap<string, Timed[]>, arrived: readonly Timed[]): RealMessage[] {
  const found: RealMessage[] = [];
  for (const { message, atMs } of arrived.toSorted((a, b) => a.atMs - b.atMs)) {
    const same = sent.get(describeMessage(message));
    const first = same?.[0];
    if (first === undefined || first.atMs > atMs + SKEW_MS) continue;
    same!.shift();
    found.push({ message, sentMs: Math.min(first.atMs, atMs), arrivedMs: atMs });
  }
  for (const rest of sent.values()) {
    for (const { message, atMs } of rest) found.push({ message, sentMs: atMs, arrivedMs: null });
  }
  return found;
}
