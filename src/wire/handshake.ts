import { asNode, type NodeId } from "../lib/ids.ts";
import { ByteReader, type ByteWriter, WireError } from "./bytes.ts";
import { beginFrame, endFrame } from "./frame.ts";
import { KIND } from "./kinds.ts";
import { WIRE_VERSIONS, type WireVersions } from "./versions.ts";

/**
 * The first frame of a peer connection, kind 1, and the answer to it, kind 2, which comes back on
 * the same connection. Nothing else ever travels from the acceptor to the dialer.
 *
 * handshake:
 *
 *   offset  type  field
 *        0  u32   magic "ORDL"
 *        4  u8    lowest           version of the peer protocol that the dialer speaks (versions.ts)
 *        5  u8    highest          0: no other than the lowest
 *        6  u16   clusterIdBytes
 *        8  u32   from             node id of the dialer
 *       12  u32   to               node id that the dialer means to reach
 *       16  u16   authBytes        0: no way to authenticate is defined yet
 *       18  …     clusterId, UTF-8; then the authentication token
 *
 * handshakeReply:
 *
 *   offset  type  field
 *        0  u8    accepted         1 or 0
 *        1  u16   reasonBytes      0 when accepted
 *        3  …     reason, UTF-8
 *           u8    version          the highest that both speak, and will; absent: 1
 *
 * A later version may append fields to the handshake, and moves none: so that whoever is too old to read them
 * still reads which versions it is about.
 */

/** Longest frame that is accepted before the handshake is through. */
export const HANDSHAKE_FRAME_BYTES_MAX = 1024;

const MAGIC = 0x4c44_524f; // "ORDL", little-endian
const REASON_BYTES_MAX = 512;

export type Handshake = {
  /** Default: what this build speaks. */
  readonly versions?: WireVersions;
  readonly clusterId: string;
  readonly from: NodeId;
  readonly to: NodeId;
};

export type HandshakeReply = {
  /** Why the acceptor closes the connection; null when it accepts. */
  readonly refusal: string | null;
  /** When it accepts: the version of the protocol from here on; absent: 1. */
  readonly version?: number;
};

/** Appends a handshake as one whole frame. */
export function writeHandshake(
  w: ByteWriter,
  { versions = WIRE_VERSIONS, clusterId, from, to }: Handshake,
): void {
  const { lowest, highest } = versions;
  const id = new TextEncoder().encode(clusterId);
  const start = beginFrame(w, KIND.handshake, 0);
  w.u32(MAGIC);
  w.u8(lowest);
  w.u8(highest === lowest ? 0 : highest);
  w.u16(id.length);
  w.u32(from);
  w.u32(to);
  w.u16(0);
  w.bytes(id);
  endFrame(w, start);
}

/**
 * Decodes the body of a handshake, whatever versions it is about. Throws WireError, whose message is fit to be
 * the refusal.
 */
export function readHandshake(body: Uint8Array): Required<Handshake> {
  const r = new ByteReader(body);
  if (r.u32("magic") !== MAGIC) throw new WireError("handshake: not the Ordeal peer protocol");
  const lowest = r.u8("lowest");
  const highest = r.u8("highest") || lowest;
  if (lowest === 0 || highest < lowest || body[5] === lowest) {
    throw new WireError(`handshake: versions ${lowest} to ${highest}`);
  }
  const clusterIdBytes = r.u16("clusterIdBytes");
  const from = asNode(r.u32("from"));
  const to = asNode(r.u32("to"));
  const authBytes = r.u16("authBytes");
  const clusterId = text(r.bytes(clusterIdBytes, "clusterId"), "clusterId");
  if (authBytes !== 0) throw new WireError("handshake: authentication is not supported");
  // Of a newer node it may have fields that we do not know.
  if (highest <= WIRE_VERSIONS.highest) r.end();
  return { versions: { lowest, highest }, clusterId, from, to };
}

/** Appends a reply as one whole frame. A long reason is cut. */
export function writeHandshakeReply(w: ByteWriter, { refusal, version = 1 }: HandshakeReply): void {
  const reason = new TextEncoder().encode(refusal ?? "").subarray(0, REASON_BYTES_MAX);
  const start = beginFrame(w, KIND.handshakeReply, 0);
  w.u8(refusal === null ? 1 : 0);
  w.u16(reason.length);
  w.bytes(reason);
  if (refusal === null && version > 1) w.u8(version);
  endFrame(w, start);
}

/** Decodes the body of a reply. Throws WireError. */
export function readHandshakeReply(body: Uint8Array): HandshakeReply {
  const r = new ByteReader(body);
  const accepted = r.u8("accepted");
  if (accepted > 1) throw new WireError(`accepted: ${accepted}`);
  // A reason that was cut in the middle of a character still reads.
  const reason = new TextDecoder().decode(r.bytes(r.u16("reasonBytes"), "reason"));
  const version = accepted === 1 && r.remaining > 0 ? r.u8("version") : 1;
  r.end();
  if (accepted === 1 && reason !== "") throw new WireError("reason: accepted, yet with a reason");
  if (accepted === 0) return { refusal: reason };
  return version === 1 ? { refusal: null } : { refusal: null, version };
}

function text(bytes: Uint8Array, field: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new WireError(`${field}: not UTF-8`);
  }
}
