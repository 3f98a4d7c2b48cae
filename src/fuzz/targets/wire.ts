import {
  commandProblem,
  OP_PUT,
  OP_SCAN,
  readCommand,
  writeCommand,
  commandBytes,
} from "../../kv/command.ts";
import { asGroup, asIndex, asNode, asTerm } from "../../lib/ids.ts";
import { crc32 } from "../../lib/crc32.ts";
import { membershipEntry } from "../../raft/membership-codec.ts";
import type { EntryBatch, EntryKind, Message } from "../../raft/types.ts";
import { readAuth, readAuthReply, writeAuth, writeAuthReply } from "../../wire/auth.ts";
import { isBeats, readAlive, readBeats, writeAlive, writeBeats } from "../../wire/beats-codec.ts";
import { ByteWriter } from "../../wire/bytes.ts";
import { eachRequest, eachResponse, writeResponse } from "../../wire/client.ts";
import { readClusterInfo, writeClusterInfo, writeClusterRequest } from "../../wire/cluster-info.ts";
import {
  beginFrame,
  endFrame,
  type Frame,
  FRAME_HEADER_BYTES,
  FrameReader,
} from "../../wire/frame.ts";
import {
  readHandshake,
  readHandshakeReply,
  writeHandshake,
  writeHandshakeReply,
} from "../../wire/handshake.ts";
import { KIND, kindName } from "../../wire/kinds.ts";
import { WIRE_VERSIONS } from "../../wire/versions.ts";
import { readMessage, writeMessage } from "../../wire/raft-codec.ts";
import { cutAnywhere } from "../cut-anywhere.ts";
import { expect, type FuzzTarget, outcomeOf, sameBytes } from "../target.ts";

const [from, to] = [asNode(1), asNode(2)];
const head = { from, to, term: asTerm(7) };
const MEMBERSHIP = { voters: [from, to], votersOutgoing: [asNode(3)], learners: [asNode(4)] };

function batch(firstIndex: number, term: number, kind: EntryKind, bytes: Uint8Array): EntryBatch {
  return { firstIndex: asIndex(firstIndex), term: asTerm(term), kind, count: 1, bytes };
}

const MESSAGES: readonly Message[] = [
  {
    ...head,
    kind: "voteRequest",
    pre: true,
    transfer: false,
    lastIndex: asIndex(9),
    lastTerm: asTerm(6),
  },
  { ...head, kind: "voteResponse", pre: false, granted: true },
  {
    ...{
      ...head,
      kind: "appendEntries",
      prevIndex: asIndex(4),
      prevTerm: asTerm(3),
      commitIndex: asIndex(2),
    },
    batches: [
      batch(5, 3, 0, Uint8Array.of(3, 0, 0, 0, 1, 2, 3)),
      batch(6, 7, 1, new Uint8Array(4)),
      batch(7, 7, 2, membershipEntry(MEMBERSHIP)),
    ],
  },
  {
    ...head,
    kind: "appendResponse",
    index: asIndex(9),
    rejected: true,
    hintIndex: asIndex(3),
    hintTerm: asTerm(3),
  },
  {
    ...head,
    kind: "heartbeat",
    commitIndex: asIndex(2 ** 40),
    readSeq: 77,
    quiesce: true,
    lease: false,
  },
  { ...head, kind: "heartbeatResponse", readSeq: 78 },
  {
    ...{
      ...head,
      kind: "installSnapshot",
      lastIndex: asIndex(5),
      lastTerm: asTerm(4),
      membership: MEMBERSHIP,
    },
    ...{ totalBytes: 1000, offset: 256, data: Uint8Array.of(9, 8, 7) },
  },
  { ...head, kind: "snapshotResponse", lastIndex: asIndex(5), offset: 259, installed: true },
  { ...head, kind: "timeoutNow" },
];

/** One frame of every kind (a test walks the registry), and streams of several. */
function samples(): Uint8Array[] {
  const made = (write: (w: ByteWriter) => void): Uint8Array => {
    const w = new ByteWriter();
    write(w);
    return w.copy();
  };
  const frames = [
    made((w) => writeHandshake(w, { clusterId: "fuzz", from, to })),
    made((w) => writeHandshakeReply(w, { refusal: null })),
    made((w) => writeHandshakeReply(w, { refusal: "not you" })),
    ...MESSAGES.map((message) => made((w) => writeMessage(w, message, 3))),
    ...(["heartbeat", "heartbeatResponse"] as const).map((kind) =>
      made((w) => {
        const message = MESSAGES.find((one) => one.kind === kind)!;
        if (message.kind === "heartbeat" || message.kind === "heartbeatResponse")
          writeBeats(
            w,
            [2, 3].map((group) => ({ group: asGroup(group), message })),
          );
      }),
    ),
    made((w) => writeAlive(w, 12345)),
    made((w) => writeAuth(w, "a-token")),
    made((w) => writeAuthReply(w, { refusal: "not you" })),
    made(writeRequests),
    made(writeResponses),
    made(writeClusterRequest),
    made((w) =>
      writeClusterInfo(w, {
        ...{ clusterId: "fuzz", id: 1, shards: 12 },
        nodes: [1, 2].map((id) => ({ id, host: "127.0.0.1", clientPort: 7200 + id })),
      }),
    ),
  ];
  return [...frames, new Uint8Array(Buffer.concat(frames))];
}

function writeRequests(w: ByteWriter): void {
  const start = beginFrame(w, KIND.clientRequests, 1);
  for (const op of [OP_PUT, OP_SCAN] as const) {
    const key = new TextEncoder().encode("key");
    const bytes = new Uint8Array(commandBytes(3, 3));
    const command = {
      op,
      flags: 0,
      session: 0,
      seq: 0,
      nonce: 0,
      expected: op === OP_SCAN ? 9 : 0,
      key,
      value: key,
    };
    writeCommand(bytes, new DataView(bytes.buffer), 0, command);
    w.u32(4 + bytes.length);
    w.u32(op);
    w.bytes(bytes);
  }
  endFrame(w, start);
}

function writeResponses(w: ByteWriter): void {
  const start = beginFrame(w, KIND.clientResponses, 1);
  const reply = { status: 0, leaderHint: 0, version: 3, index: 9 };
  writeResponse(w, 1, { ...reply, valueIn: Uint8Array.of(1, 2, 3), valueAt: 0, valueBytes: 3 });
  writeResponse(w, 2, { ...reply, valueIn: new Uint8Array(0), valueAt: 0, valueBytes: 0 });
  endFrame(w, start);
}

/** Lengths and checksums of the frames in it made right, as far as their lengths lead from one to the next. */
function repair(input: Uint8Array): Uint8Array {
  const out = input.slice();
  const view = new DataView(out.buffer);
  for (let at = 0; at + FRAME_HEADER_BYTES <= out.length;) {
    const told = view.getUint32(at, true);
    const fits = told >= FRAME_HEADER_BYTES && at + told <= out.length;
    const length = fits ? told : out.length - at;
    view.setUint32(at, length, true);
    out[at + 9] = 1;
    view.setUint32(at + 4, crc32(out.subarray(at + 8, at + length)), true);
    at += length;
  }
  return out;
}

/** What the encoder makes of what was decoded must be what was there. */
function again(frame: Frame, write: (w: ByteWriter) => void): void {
  const w = new ByteWriter(frame.body.length + 64);
  write(w);
  const body = w.written(FRAME_HEADER_BYTES);
  expect(
    sameBytes(body, frame.body),
    `${kindName(frame.kind)}: is encoded to other bytes than it came in`,
  );
}

function decode(frame: Frame): void {
  const { kind, body, group } = frame;
  if (kind === KIND.handshake) {
    const shake = readHandshake(body);
    // Of a newer node it may have fields that we do not know.
    if (shake.versions.highest > WIRE_VERSIONS.highest) return;
    return again(frame, (w) => writeHandshake(w, shake));
  }
  if (kind === KIND.handshakeReply) return void readHandshakeReply(body);
  if (kind === KIND.auth) {
    const token = readAuth(body);
    return again(frame, (w) => writeAuth(w, token));
  }
  if (kind === KIND.authReply) return void readAuthReply(body);
  if (kind === KIND.alive) {
    const boot = readAlive(frame);
    return again(frame, (w) => writeAlive(w, boot));
  }
  if (kind === KIND.clientRequests)
    return eachRequest(body, (view, _id, at, end) => checkCommand(body, view, at, end));
  if (kind === KIND.clientResponses) return decodeResponses(frame);
  if (kind === KIND.clusterRequest) return;
  if (kind === KIND.clusterReply) {
    const info = readClusterInfo(body);
    return again(frame, (w) => writeClusterInfo(w, info));
  }
  if (isBeats(frame)) {
    const beats = readBeats(frame, to, from);
    if (beats.length > 0) again(frame, (w) => writeBeats(w, beats));
    return;
  }
  const message = readMessage(frame, to, from);
  again(frame, (w) => writeMessage(w, message, group));
}

/** A command that no fault is found with reads, and writes the same. */
function checkCommand(body: Uint8Array, view: DataView, at: number, end: number): void {
  if (commandProblem(view, at, end) !== null) return;
  const bytes = new Uint8Array(end - at);
  writeCommand(bytes, new DataView(bytes.buffer), 0, readCommand(body, view, at));
  expect(
    sameBytes(bytes, body.subarray(at, end)),
    "command: is encoded to other bytes than it came in",
  );
}

function decodeResponses(frame: Frame): void {
  eachResponse(frame.body, (r) => {
    expect(
      r.valueAt + r.valueBytes <= frame.body.length,
      "response: its value is not within the frame",
    );
    expect(
      Number.isSafeInteger(r.version) && Number.isSafeInteger(r.index),
      "response: an unsafe number",
    );
  });
}

function read(chunks: Iterable<Uint8Array>): { readonly text: string; readonly outcome: string } {
  const kinds: string[] = [];
  const reader = new FrameReader();
  const end = outcomeOf(() => {
    for (const chunk of chunks) {
      reader.push(chunk, (frame) => {
        decode(frame);
        kinds.push(kindName(frame.kind) ?? `${frame.kind}`);
      });
    }
    return "";
  });
  return { text: `${kinds.join(" ")} ${end}`, outcome: `${kinds.slice(-2).join(" ")} ${end}` };
}

/** Frames of every kind, as a stream that is cut anywhere. */
export const wire: FuzzTarget = {
  name: "wire",
  samples: samples(),
  repair,
  allocatesMax: (bytes) => (64 << 10) + 64 * bytes,
  run: (input) => cutAnywhere(input, read),
};
