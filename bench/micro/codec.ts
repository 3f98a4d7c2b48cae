import { consume } from "../../src/bench/measure.ts";
import { type Command, OP_GET, OP_PUT } from "../../src/kv/command.ts";
import { asIndex, asNode, asTerm, GROUP_1, plus } from "../../src/lib/ids.ts";
import type { Prng } from "../../src/lib/prng.ts";
import { ENTRY_COMMAND, type Message } from "../../src/raft/types.ts";
import { RequestBuffer } from "../../src/target/request-buffer.ts";
import { ByteWriter } from "../../src/wire/bytes.ts";
import { eachRequest, eachResponse, writeResponse } from "../../src/wire/client.ts";
import { beginFrame, endFrame, FrameReader } from "../../src/wire/frame.ts";
import { KIND } from "../../src/wire/kinds.ts";
import { readMessage, writeMessage } from "../../src/wire/raft-codec.ts";
import { entriesOf } from "../storage/log.ts";
import type { MicroTask } from "./tasks.ts";

const FRAMES = 64;
/** What one connection carries in a turn. */
const A_FRAME = 16;
const ENTRIES = 64;
const VALUE_BYTES = 256;

const bytesOf = (prng: Prng, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => prng.below(256));

/** What goes between clients, nodes and each other: frames of 16 requests, batches of 64 entries. */
export function codecTasks(prng: Prng): MicroTask[] {
  const commands = Array.from({ length: FRAMES * A_FRAME }, (_, i) => commandOf(prng, i));
  const requests = new RequestBuffer(GROUP_1, 1 << 26);
  const wire: Uint8Array[] = [];
  const encode = (keep: (bytes: Uint8Array) => void): number => {
    for (const [i, command] of commands.entries()) {
      requests.add(i, command);
      if (i % A_FRAME !== A_FRAME - 1) continue;
      requests.flush({
        write: (bytes, at, length) => {
          keep(bytes.subarray(at, at + length));
          return length;
        },
      });
    }
    return commands.length;
  };
  encode((bytes) => wire.push(bytes.slice()));
  const replies = Array.from({ length: FRAMES }, () => responseFrame(prng));
  const messages = Array.from({ length: FRAMES }, (_, i) => appendOf(prng, i));
  const out = new ByteWriter(1 << 16);
  const encoded = messages.map((message) => {
    out.offset = 0;
    writeMessage(out, message, GROUP_1);
    return out.written(0).slice();
  });
  return [
    { name: "encode a put of 256 B, 16 a frame", body: () => encode(consume) },
    { name: "decode a put of 256 B, 16 a frame", body: () => decodeRequests(wire) },
    { name: "decode a response of 128 B, 16 a frame", body: () => decodeResponses(replies) },
    {
      name: "encode AppendEntries of 64 entries of 256 B",
      body: () => {
        for (const message of messages) {
          out.offset = 0;
          writeMessage(out, message, GROUP_1);
          consume(out.offset);
        }
        return messages.length;
      },
    },
    { name: "decode AppendEntries of 64 entries of 256 B", body: () => decodeMessages(encoded) },
  ];
}

function commandOf(prng: Prng, i: number): Command {
  const key = bytesOf(prng, 8);
  const common = { flags: 0, session: 7, seq: i + 1, nonce: 0, expected: 0, key };
  return { ...common, op: OP_PUT, value: bytesOf(prng, VALUE_BYTES) };
}

function responseFrame(prng: Prng): Uint8Array {
  const out = new ByteWriter(1 << 13);
  const start = beginFrame(out, KIND.clientResponses, GROUP_1);
  for (let i = 0; i < A_FRAME; i++) {
    const [version, index] = [prng.below(1000), prng.u32()];
    const valueIn = bytesOf(prng, 128);
    const fields = { status: 0, leaderHint: 0, version, index, valueIn, valueAt: 0 };
    writeResponse(out, prng.u32(), { ...fields, valueBytes: valueIn.length });
  }
  endFrame(out, start);
  return out.written(start).slice();
}

function appendOf(prng: Prng, i: number): Message {
  const prevIndex = asIndex((i + 1) * ENTRIES);
  const batch = {
    firstIndex: plus(prevIndex, 1),
    term: asTerm(3),
    kind: ENTRY_COMMAND,
    count: ENTRIES,
    bytes: entriesOf(ENTRIES, VALUE_BYTES, prng.u32()),
  } as const;
  return {
    kind: "appendEntries",
    ...{ from: asNode(1), to: asNode(2), term: asTerm(3), prevTerm: asTerm(3) },
    ...{ prevIndex, commitIndex: prevIndex, batches: [batch] },
  };
}

function decodeRequests(frames: readonly Uint8Array[]): number {
  const reader = new FrameReader();
  let [count, sum] = [0, 0];
  for (const bytes of [...frames, ...frames, ...frames, ...frames]) {
    reader.push(bytes, ({ body }) =>
      eachRequest(body, (view, requestId, at) => {
        count++;
        sum += requestId + (view.getUint8(at) === OP_GET ? 0 : view.getUint32(at + 4, true));
      }),
    );
  }
  consume(sum);
  return count;
}

function decodeResponses(frames: readonly Uint8Array[]): number {
  const reader = new FrameReader();
  let [count, sum] = [0, 0];
  for (const bytes of [...frames, ...frames, ...frames, ...frames]) {
    reader.push(bytes, ({ body }) =>
      eachResponse(body, ({ requestId, version, valueAt }) => {
        count++;
        sum += requestId + version + valueAt;
      }),
    );
  }
  consume(sum);
  return count;
}

function decodeMessages(frames: readonly Uint8Array[]): number {
  const reader = new FrameReader();
  for (const bytes of frames) {
    reader.push(bytes, (frame) => consume(readMessage(frame, asNode(2), asNode(1))));
  }
  return frames.length;
}
