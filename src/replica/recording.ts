import { crc32 } from "../lib/crc32.ts";
import { asNode, GROUP_1, type NodeId } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import type { Millis, RaftConfig, RaftInput, Ready } from "../raft/api.ts";
import { ByteReader, ByteWriter, WireError } from "../wire/bytes.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import { readMessage, writeMessage } from "../wire/raft-codec.ts";
import { readValue, type Value, writeDigest, writeValue } from "./value-codec.ts";

/**
 * A recording: all that a node's core was given, and a hash of all that it gave back. Little-endian
 * chunks, one a pump; a node that is killed as it writes leaves a last one that is cut short.
 *
 *   chunk     u32 length · u32 crc32, both of what follows · items
 *   start     u8 1 · u8 version · f64 now · f64 wall clock, ms · u53 seed · value: the config, without `random`
 *   message   u8 2 · f64 now · u32 from · u32 to · a frame, as on the wire
 *   input     u8 3 · f64 now · value
 *   ready     u8 4 · u32 hash: of all Ready since the start, this one included
 *   nothing   u8 5: takeReady returned null
 *
 * A file holds one start after the other: a node that comes back goes on in the same file.
 */
export const CHUNK_HEADER_BYTES = 8;
export const RECORDING_VERSION = 2;
const START = 1;
const MESSAGE = 2;
const INPUT = 3;
const READY = 4;
const NOTHING = 5;

/** The core's random numbers come of this, in the node that is recorded and in the replay. */
export const coreRandom = (seed: number): Prng => new Prng(seed).fork("raft");

export type RecordedStart = {
  readonly now: Millis;
  /** Milliseconds since the Unix epoch at `now`: how recordings of several nodes are laid side by side. */
  readonly wallMs: number;
  readonly seed: number;
  readonly config: Omit<RaftConfig, "random">;
};

export type RecordedItem =
  | ({ readonly kind: "start" } & RecordedStart)
  | { readonly kind: "input"; readonly now: Millis; readonly input: RaftInput }
  /** null: there was none. */
  | { readonly kind: "ready"; readonly hash: number | null };

/** The hash of a Ready that follows those of hash `before`; 0 at the start. */
export class ReadyHash {
  value = 0;
  readonly #w = new ByteWriter();

  add(ready: Ready): number {
    this.#w.offset = 0;
    this.#w.u32(this.value);
    writeDigest(this.#w, ready as unknown as Value);
    this.value = crc32(this.#w.written());
    return this.value;
  }
}

/** Gathers items; `take` gives them out as one chunk. */
export class ChunkWriter {
  readonly #w = new ByteWriter(64 << 10);

  constructor() {
    this.#w.offset = CHUNK_HEADER_BYTES;
  }

  get bytes(): number {
    return this.#w.offset;
  }

  start({ now, wallMs, seed, config }: RecordedStart): void {
    const w = this.#w;
    w.u8(START);
    w.u8(RECORDING_VERSION);
    w.f64(now);
    w.f64(wallMs);
    w.u53(seed);
    writeValue(w, config as unknown as Value);
  }

  input(input: RaftInput, now: Millis): void {
    const w = this.#w;
    w.u8(input.kind === "message" ? MESSAGE : INPUT);
    w.f64(now);
    if (input.kind !== "message") return writeValue(w, input as unknown as Value);
    w.u32(input.message.from);
    w.u32(input.message.to);
    writeMessage(w, input.message, GROUP_1);
  }

  ready(hash: number | null): void {
    this.#w.u8(hash === null ? NOTHING : READY);
    if (hash !== null) this.#w.u32(hash);
  }

  /** Valid until the next call of anything here. */
  take(): Uint8Array {
    const w = this.#w;
    const body = w.written(CHUNK_HEADER_BYTES);
    w.patchU32(0, body.length);
    w.patchU32(4, crc32(body));
    const chunk = w.written();
    w.offset = CHUNK_HEADER_BYTES;
    return chunk;
  }
}

/** Bytes up to the end of the last whole chunk; what follows was being written when the node ended. */
export function wholeBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + CHUNK_HEADER_BYTES <= bytes.length) {
    const end = at + CHUNK_HEADER_BYTES + view.getUint32(at, true);
    if (end > bytes.length) break;
    at = end;
  }
  return at;
}

/** The items of the whole chunks, in order. Throws WireError for bytes that no recorder wrote. */
export function* readItems(bytes: Uint8Array): Generator<RecordedItem, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = wholeBytes(bytes);
  for (let at = 0; at < whole;) {
    const from = at + CHUNK_HEADER_BYTES;
    const end = from + view.getUint32(at, true);
    const body = bytes.subarray(from, end);
    if (crc32(body) !== view.getUint32(at + 4, true)) {
      throw new WireError(`the chunk at byte ${at} is damaged`);
    }
    const reader = new ByteReader(body);
    while (reader.remaining > 0) yield readItem(reader);
    at = end;
  }
}

function readItem(r: ByteReader): RecordedItem {
  const kind = r.u8("item");
  switch (kind) {
    case START: {
      const version = r.u8("version");
      if (version !== RECORDING_VERSION) {
        throw new WireError(`the recording is of version ${version}, not ${RECORDING_VERSION}`);
      }
      const now = r.f64("now");
      const wallMs = r.f64("wall clock");
      const seed = r.u53("seed");
      return {
        kind: "start",
        now,
        wallMs,
        seed,
        config: readValue(r) as unknown as RecordedStart["config"],
      };
    }
    case MESSAGE: {
      const now = r.f64("now");
      const from = asNode(r.u32("from"));
      const to = asNode(r.u32("to"));
      return { kind: "input", now, input: { kind: "message", message: readFrame(r, from, to) } };
    }
    case INPUT: {
      const now = r.f64("now");
      return { kind: "input", now, input: readValue(r) as unknown as RaftInput };
    }
    case READY:
      return { kind: "ready", hash: r.u32("hash") };
    case NOTHING:
      return { kind: "ready", hash: null };
    default:
      throw new WireError(`item: ${kind}`);
  }
}

function readFrame(r: ByteReader, from: NodeId, to: NodeId) {
  const length = r.bytes(4, "frame length");
  const rest = new DataView(length.buffer, length.byteOffset, 4).getUint32(0, true) - 4;
  const frames: Frame[] = [];
  const reader = new FrameReader();
  reader.push(length, (frame) => frames.push(frame));
  reader.push(r.bytes(rest, "frame"), (frame) => frames.push(frame));
  return readMessage(frames[0]!, to, from);
}
