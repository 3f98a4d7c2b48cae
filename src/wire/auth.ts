import { ByteReader, type ByteWriter, WireError } from "./bytes.ts";
import { beginFrame, endFrame } from "./frame.ts";
import { KIND } from "./kinds.ts";

/**
 * auth, kind 20, group 0: the first frame of a client on the client port of a cluster that asks for a token,
 * and harmless on any other. Until it is accepted nothing else is read.
 *
 *   offset  type  field
 *        0  u16   tokenBytes       1 … TOKEN_BYTES_MAX
 *        2  …     token, UTF-8
 *
 * authReply, kind 21, group 0; without an auth before it: what came cannot be read (a frame of more than
 * FRAME_BYTES_MAX, say), for this reason, and the connection is closed:
 *
 *   offset  type  field
 *        0  u8    accepted         1 or 0; the connection is closed after 0
 *        1  u16   reasonBytes      0 when accepted
 *        3  …     reason, UTF-8
 */
export const TOKEN_BYTES_MAX = 512;

/** Appends an auth as one whole frame. */
export function writeAuth(w: ByteWriter, token: string): void {
  const bytes = new TextEncoder().encode(token);
  const start = beginFrame(w, KIND.auth, 0);
  w.u16(bytes.length);
  w.bytes(bytes);
  endFrame(w, start);
}

/** Decodes the body of an auth. Throws WireError, which never shows the token. */
export function readAuth(body: Uint8Array): string {
  const r = new ByteReader(body);
  const tokenBytes = r.u16("tokenBytes");
  if (tokenBytes === 0 || tokenBytes > TOKEN_BYTES_MAX) {
    throw new WireError(`tokenBytes: not within 1 to ${TOKEN_BYTES_MAX}`);
  }
  const bytes = r.bytes(tokenBytes, "token");
  r.end();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new WireError("token: not UTF-8");
  }
}

/** `refusal`: why the node closes the connection; null: it accepts. */
export type AuthReply = { readonly refusal: string | null };

/** Appends an authReply as one whole frame. */
export function writeAuthReply(w: ByteWriter, { refusal }: AuthReply): void {
  const reason = new TextEncoder().encode(refusal ?? "");
  const start = beginFrame(w, KIND.authReply, 0);
  w.u8(refusal === null ? 1 : 0);
  w.u16(reason.length);
  w.bytes(reason);
  endFrame(w, start);
}

/** Decodes the body of an authReply. Throws WireError. */
export function readAuthReply(body: Uint8Array): AuthReply {
  const r = new ByteReader(body);
  const accepted = r.u8("accepted");
  if (accepted > 1) throw new WireError(`accepted: ${accepted}`);
  const reason = new TextDecoder().decode(r.bytes(r.u16("reasonBytes"), "reason"));
  r.end();
  if (accepted === 1 && reason !== "") throw new WireError("reason: accepted, yet with a reason");
  return { refusal: accepted === 1 ? null : reason };
}
