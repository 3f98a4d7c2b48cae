import { crc32 } from "../lib/crc32.ts";
import { asIndex, asTerm } from "../lib/ids.ts";
import type { SnapshotMeta } from "../raft/api.ts";
import { decodeMembership, encodeMembership, membershipProblem } from "../raft/membership-codec.ts";
import { ByteReader, ByteWriter, WireError } from "../wire/bytes.ts";
import type { StorageIdentity } from "./log-storage.ts";

/**
 * A snapshot in its stored form: on disk, and on the way to a follower. Little-endian:
 *
 *   header   u32 magic "OSnp" · u32 bytes of the header · u32 crc32 of what follows in it ·
 *            u32 format version · u53 lastIndex · u53 lastTerm · u32 node that made it ·
 *            u16 length · cluster id · membership (raft/membership-codec.ts)
 *   chunks   u32 length, at least 1 · u32 crc32 of the bytes · the bytes: the state machine's
 *   end      u32 0 · u32 chain
 *
 * The chain is over the whole: c(n) = crc32 of u32 c(n-1) · u32 crc of chunk n, from c(0) = the
 * header's crc. So a chunk that is missing, moved or of another snapshot shows, and only the end is
 * an end.
 */
const MAGIC = 0x706e_534f;
const FORMAT_VERSION = 1;
const PREFIX_BYTES = 12;
export const CHUNK_HEAD_BYTES = 8;
const HEADER_BYTES_MAX = 64 << 10;
/** Beyond any entry (8 MiB) and what is gathered with it. */
const CHUNK_BYTES_MAX = 64 << 20;

/** Gives the stored form, piece by piece. */
export class SnapshotEncoder {
  readonly header: Uint8Array;
  #chain: number;

  constructor(meta: SnapshotMeta, identity: StorageIdentity) {
    this.header = encodeHeader(meta, identity);
    this.#chain = new DataView(this.header.buffer, this.header.byteOffset).getUint32(8, true);
  }

  /**
   * The next chunk: bytes of the state machine, at least one. It begins `room`, which has space for
   * CHUNK_HEAD_BYTES more than `bytes`.
   */
  chunk(
    bytes: Uint8Array,
    room: Uint8Array = new Uint8Array(CHUNK_HEAD_BYTES + bytes.length),
  ): Uint8Array {
    const crc = crc32(bytes);
    this.#chain = chained(this.#chain, crc);
    const out = room.subarray(0, CHUNK_HEAD_BYTES + bytes.length);
    const view = new DataView(out.buffer, out.byteOffset);
    view.setUint32(0, bytes.length, true);
    view.setUint32(4, crc, true);
    out.set(bytes, CHUNK_HEAD_BYTES);
    return out;
  }

  end(): Uint8Array {
    const out = new Uint8Array(CHUNK_HEAD_BYTES);
    new DataView(out.buffer).setUint32(4, this.#chain, true);
    return out;
  }
}

/**
 * Reads the stored form, cut anywhere, and hands out each chunk once its checksum is right. Throws
 * WireError at the first byte that cannot be right; what was handed out before must then be dropped.
 */
export class SnapshotDecoder {
  readonly #clusterId: string | null;
  readonly #state: (bytes: Uint8Array) => void;
  #bytes = new Uint8Array(64 << 10);
  #from = 0;
  #to = 0;
  #chain = 0;
  #meta: SnapshotMeta | null = null;
  #foundId = "";
  #ended = false;

  /** With a cluster id the snapshot must be of that cluster. */
  constructor(clusterId: string | null, state: (bytes: Uint8Array) => void) {
    this.#clusterId = clusterId;
    this.#state = state;
  }

  /** Null before the header has come. */
  get meta(): SnapshotMeta | null {
    return this.#meta;
  }

  /** Of the cluster that it is of; empty before the header has come. */
  get clusterId(): string {
    return this.#foundId;
  }

  /** Over the header and all chunks so far; once it has ended, over the whole. */
  get checksum(): number {
    return this.#chain;
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(data: Uint8Array): void {
    this.#append(data);
    while (this.#step());
  }

  #step(): boolean {
    const have = this.#to - this.#from;
    if (this.#ended) {
      if (have > 0) throw new WireError(`snapshot: ${have} bytes after its end`);
      return false;
    }
    const view = new DataView(this.#bytes.buffer, this.#from, have);
    if (this.#meta === null) return this.#readHeader(view);
    if (have < CHUNK_HEAD_BYTES) return false;
    const length = view.getUint32(0, true);
    const crc = view.getUint32(4, true);
    if (length > CHUNK_BYTES_MAX) throw new WireError(`snapshot: chunk of ${length} bytes`);
    if (have < CHUNK_HEAD_BYTES + length) return false;
    this.#from += CHUNK_HEAD_BYTES + length;
    if (length === 0) {
      if (crc !== this.#chain) throw new WireError("snapshot: its chunks do not belong together");
      this.#ended = true;
      return true;
    }
    const bytes = this.#bytes.subarray(this.#from - length, this.#from);
    if (crc32(bytes) !== crc) throw new WireError("snapshot: chunk crc mismatch");
    this.#chain = chained(this.#chain, crc);
    this.#state(bytes);
    return true;
  }

  #readHeader(view: DataView): boolean {
    if (view.byteLength < PREFIX_BYTES) return false;
    const length = view.getUint32(4, true);
    if (view.getUint32(0, true) !== MAGIC) throw new WireError("snapshot: this is none");
    if (length < PREFIX_BYTES || length > HEADER_BYTES_MAX) {
      throw new WireError(`snapshot: header of ${length} bytes`);
    }
    if (view.byteLength < length) return false;
    const body = this.#bytes.subarray(this.#from + PREFIX_BYTES, this.#from + length);
    this.#chain = view.getUint32(8, true);
    if (crc32(body) !== this.#chain) throw new WireError("snapshot: header crc mismatch");
    const { clusterId, meta } = decodeHeader(body);
    if (this.#clusterId !== null && clusterId !== this.#clusterId)
      throw new WireError(`snapshot: of cluster "${clusterId}"`);
    this.#meta = meta;
    this.#foundId = clusterId;
    this.#from += length;
    return true;
  }

  #append(data: Uint8Array): void {
    if (this.#to + data.length > this.#bytes.length) {
      const kept = this.#to - this.#from;
      if (kept + data.length > this.#bytes.length) {
        const grown = new Uint8Array(Math.max(2 * this.#bytes.length, kept + data.length));
        grown.set(this.#bytes.subarray(this.#from, this.#to));
        this.#bytes = grown;
      } else {
        this.#bytes.copyWithin(0, this.#from, this.#to);
      }
      this.#from = 0;
      this.#to = kept;
    }
    this.#bytes.set(data, this.#to);
    this.#to += data.length;
  }
}

function chained(chain: number, crc: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, chain, true);
  view.setUint32(4, crc, true);
  return crc32(new Uint8Array(view.buffer));
}

function encodeHeader(meta: SnapshotMeta, { clusterId, nodeId }: StorageIdentity): Uint8Array {
  const id = new TextEncoder().encode(clusterId);
  const w = new ByteWriter(256);
  for (const word of [MAGIC, 0, 0, FORMAT_VERSION]) w.u32(word);
  w.u53(meta.lastIndex);
  w.u53(meta.lastTerm);
  w.u32(nodeId);
  w.u16(id.length);
  w.bytes(id);
  w.bytes(encodeMembership(meta.membership));
  w.patchU32(4, w.offset);
  w.patchU32(8, crc32(w.written(PREFIX_BYTES)));
  return w.written().slice();
}

function decodeHeader(body: Uint8Array): {
  readonly clusterId: string;
  readonly meta: SnapshotMeta;
} {
  const r = new ByteReader(body);
  const version = r.u32("format version");
  if (version !== FORMAT_VERSION) throw new WireError(`snapshot: format ${version} is not known`);
  const lastIndex = asIndex(r.u53("lastIndex"));
  const lastTerm = asTerm(r.u53("lastTerm"));
  r.u32("node");
  const clusterId = new TextDecoder().decode(r.bytes(r.u16("length"), "cluster id"));
  const membership = r.bytes(r.remaining, "membership");
  const problem = membershipProblem(membership);
  if (problem !== null) throw new WireError(problem);
  return { clusterId, meta: { lastIndex, lastTerm, membership: decodeMembership(membership) } };
}
