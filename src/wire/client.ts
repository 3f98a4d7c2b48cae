import { type ByteWriter, setU53, U53_HIGH_MAX, WireError } from "./bytes.ts";

/**
 * clientRequests, kind 16: what one client connection sends to one group in one event-loop turn. The frame
 * names the group; in a cluster without shards that is 1. The body is one or more of
 *
 *   offset  type  field
 *        0  u32   requestBytes  of what follows this field, requestId included
 *        4  u32   requestId     chosen by the client, echoed in the response
 *        8  …     command       kv/command.ts
 *
 * clientResponses, kind 17, in a frame of the group that was asked: one or more of
 *
 *   offset  type  field
 *        0  u32   requestId
 *        4  u8    status        wire/errors.ts
 *        5  u8    reserved, 0
 *        6  u16   leaderHint    node id, with notLeader; otherwise 0
 *        8  u32   valueBytes    of what a get or a scan (kv/scan-reply.ts) returns; otherwise 0
 *       12  u53   version       the key's version afterwards; 0: absent; of a scan: how many keys
 *       20  u53   index         log index at which it took effect (a read: the index it was read at)
 *       28  …     value
 */
export const REQUEST_HEADER_BYTES = 8;
export const RESPONSE_HEADER_BYTES = 28;
/** Requests of one connection that may be unanswered; beyond it they are refused as overloaded. */
export const REQUESTS_PER_CONNECTION_MAX = 16_384;

/**
 * Walks the requests of a clientRequests body: calls `onRequest(view, requestId, at, end)` with the
 * bounds of each command. Throws WireError when the lengths do not add up.
 */
export function eachRequest(
  body: Uint8Array,
  onRequest: (view: DataView, requestId: number, at: number, end: number) => void,
): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length === 0) throw new WireError("clientRequests: empty");
  let at = 0;
  while (at < body.length) {
    if (body.length - at < REQUEST_HEADER_BYTES) throw new WireError("request: cut short");
    const bytes = view.getUint32(at, true);
    const end = at + 4 + bytes;
    if (bytes < 4 || end > body.length) throw new WireError(`request: ${bytes} bytes do not fit`);
    onRequest(view, view.getUint32(at + 4, true), at + REQUEST_HEADER_BYTES, end);
    at = end;
  }
}

/** What writeResponse needs of a reply; `valueIn[valueAt, valueAt + valueBytes)` is the value. */
export type ResponseFields = {
  readonly status: number;
  readonly leaderHint: number;
  readonly version: number;
  readonly index: number;
  readonly valueIn: Uint8Array;
  readonly valueAt: number;
  readonly valueBytes: number;
};

/** Appends one response to a clientResponses body. */
export function writeResponse(w: ByteWriter, requestId: number, r: ResponseFields): void {
  const at = w.take(RESPONSE_HEADER_BYTES);
  const { view } = w;
  view.setUint32(at, requestId, true);
  view.setUint16(at + 4, r.status, true); // The reserved byte is the high one.
  view.setUint16(at + 6, r.leaderHint, true);
  view.setUint32(at + 8, r.valueBytes, true);
  setU53(view, at + 12, r.version);
  setU53(view, at + 20, r.index);
  if (r.valueBytes > 0) w.bytesOf(r.valueIn, r.valueAt, r.valueAt + r.valueBytes);
}

/** One response, with the value as bounds within the body. Reused: copy what must outlive the call. */
export type Response = {
  requestId: number;
  status: number;
  leaderHint: number;
  version: number;
  index: number;
  valueAt: number;
  valueBytes: number;
};

/** Walks the responses of a clientResponses body, with one reused object. Throws WireError. */
export function eachResponse(body: Uint8Array, onResponse: (response: Response) => void): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const r: Response = {
    requestId: 0,
    status: 0,
    leaderHint: 0,
    version: 0,
    index: 0,
    valueAt: 0,
    valueBytes: 0,
  };
  let at = 0;
  while (at < body.length) {
    if (body.length - at < RESPONSE_HEADER_BYTES) throw new WireError("response: cut short");
    r.requestId = view.getUint32(at, true);
    r.status = view.getUint8(at + 4);
    r.leaderHint = view.getUint16(at + 6, true);
    r.valueBytes = view.getUint32(at + 8, true);
    const versionHigh = view.getUint32(at + 16, true);
    const indexHigh = view.getUint32(at + 24, true);
    if ((versionHigh | indexHigh) >>> 0 > U53_HIGH_MAX) {
      throw new WireError("response: version or index exceeds 2^53 - 1");
    }
    r.version = versionHigh * 0x1_0000_0000 + view.getUint32(at + 12, true);
    r.index = indexHigh * 0x1_0000_0000 + view.getUint32(at + 20, true);
    r.valueAt = at + RESPONSE_HEADER_BYTES;
    at = r.valueAt + r.valueBytes;
    if (at > body.length) throw new WireError(`response: value of ${r.valueBytes} bytes is cut`);
    onResponse(r);
  }
}
