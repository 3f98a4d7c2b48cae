import { asNode, type NodeId } from "../lib/ids.ts";
import { ByteReader, type ByteWriter, WireError } from "./bytes.ts";
import { beginFrame, endFrame } from "./frame.ts";
import { KIND } from "./kinds.ts";

/**
 * The first frame of a peer connection, kind 1, and the answer to it, kind 2, which comes back on
 * the same connection. Nothing else ever travels from the acceptor to the dialer.
 *
 * handshake:
 *
 *   offset  type  field
 *        0  u32   magic "ORDL"
 *        4  u16   protocol         PROTOCOL_VERSION
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
 */
export const PROTOCOL_VERSION = 1;
/** Longest frame that is accepted before the handshake is through. */
export const HANDSHAKE_FRAME_BYTES_MAX = 1024;

const MAGIC = 0x4c44_524f; // "ORDL", little-endian
const REASON_BYTES_MAX = 512;

export type Handshake = {
  readonly clusterId: string;
  readonly from: NodeId;
  readonly to: NodeId;
};

/** `refusal`: why the acceptor closes the connection; null when it accepts. */
export type HandshakeReply = { readonly refusal: string | null };

/** Appends a handshake as one whole frame. */
export function writeHandshake(w: ByteWriter, { clusterId, from, to }: Handshake): void {
  const id = new TextEncoder().encode(clusterId);
  const start = beginFrame(w, KIND.handshake, 0);
  w.u32(MAGIC);
  w.u16(PROTOCOL_VERSION);
  w.u16(id.length);
  w.u32(from);
  w.u32(to);
  w.u16(0);
  w.bytes(id);
  endFrame(w, start);
}

/** Decodes the body of a handshake. Throws WireError, whose message is fit to be the refusal. */
export function readHandshake(body: Uint8Array): Handshake {
  const r = new ByteReader(body);
  if (r.u32("magic") !== MAGIC) throw new WireError("handshake: not the Ordeal peer protocol");
  const protocol = r.u16("protocol");
  if (protocol !== PROTOCOL_VERSION) {
    throw new WireError(`handshake: protocol ${protocol}, this node speaks ${PROTOCOL_VERSION}`);
  }
  const clusterIdBytes = r.u16("clusterIdBytes");
  const from = asNode(r.u32("from"));
  const to = asNode(r.u32("to"));
  const authBytes = r.u16("authBytes");
  const clusterId = text(r.bytes(clusterIdBytes, "clusterId"), "clusterId");
  if (authBytes !== 0) throw new WireError("handshake: authentication is not supported");
  r.end();
  return { clusterId, from, to };
}

/** Appends a reply as one whole frame. A long reason is cut. */
export function writeHandshakeReply(w: ByteWriter, { refusal }: HandshakeReply): void {
  const reason = new TextEncoder().encode(refusal ?? "").subarray(0, REASON_BYTES_MAX);
  const start = beginFrame(w, KIND.handshakeReply, 0);
  w.u8(refusal === null ? 1 : 0);
  w.u16(reason.length);
  w.bytes(reason);
  endFrame(w, start);
}

/** Decodes the body of a reply. Throws WireError. */
export function readHandshakeReply(body: Uint8Array): HandshakeReply {
  const r = new ByteReader(body);
  const accepted = r.u8("accepted");
  if (accepted > 1) throw new WireError(`accepted: ${accepted}`);
  // A reason that was cut in the middle of a character still reads.
  const reason = new TextDecoder().decode(r.bytes(r.u16("reasonBytes"), "reason"));
  r.end();
  if (accepted === 1 && reason !== "") throw new WireError("reason: accepted, yet with a reason");
  return { refusal: accepted === 1 ? null : reason };
}

function text(bytes: Uint8Array, field: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new WireError(`${field}: not UTF-8`);
  }
}
