import type { TokenCheck } from "../../security/tokens.ts";
import { readAuth, writeAuthReply } from "../../wire/auth.ts";
import { ByteWriter, WireError } from "../../wire/bytes.ts";
import { FRAME_HEADER_BYTES, FrameReader } from "../../wire/frame.ts";
import { jsonError } from "../../wire/json-reply.ts";
import { KIND } from "../../wire/kinds.ts";
import { protocolOf } from "../../wire/protocol.ts";
import { RespReader } from "../../wire/resp.ts";
import { writeError } from "../../wire/resp-reply.ts";

/** A client's first command is no longer than this; more is not kept for it. */
export const FIRST_BYTES_MAX = 1024;

/** What to do with a connection by the first bytes that came on it. */
export type Verdict =
  /** They are no whole command yet. */
  | { readonly kind: "wait" }
  /** They hold a token that is right; what is spoken takes them all, that command too. */
  | { readonly kind: "admit" }
  /** `answer` is all that the client gets; `reason` is for the log. */
  | { readonly kind: "refuse"; readonly answer: Uint8Array; readonly reason: string };

/** What a first command comes to: a token, or none. */
type First = { readonly token: string | null } | "unfinished";

const WAIT: Verdict = { kind: "wait" };
const ADMIT: Verdict = { kind: "admit" };
const WRONG = "the token is not right";
const MISSING = "no token was shown";
const LF = 0x0a;
const utf8 = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** Judges all bytes that came so far, in whatever protocol they are. Nothing but the token is looked at. */
export function judgeFirst(bytes: Uint8Array, tokens: TokenCheck): Verdict {
  const protocol = protocolOf(bytes, bytes.length);
  if (protocol === null) return WAIT;
  const { read, refusal } = WAYS[protocol];
  const refuse = (reason: string): Verdict => {
    const w = new ByteWriter(128);
    refusal(w, reason);
    return { kind: "refuse", reason, answer: w.written() };
  };
  try {
    const first = read(bytes.subarray(0, FIRST_BYTES_MAX));
    if (first !== "unfinished") {
      if (first.token === null) return refuse(MISSING);
      return tokens.accepts(first.token) ? ADMIT : refuse(WRONG);
    }
    return bytes.length < FIRST_BYTES_MAX
      ? WAIT
      : refuse(`no token within ${FIRST_BYTES_MAX} bytes`);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return refuse(MISSING);
  }
}

function readFrame(bytes: Uint8Array): First {
  let first: First = "unfinished";
  const reader = new FrameReader(FIRST_BYTES_MAX);
  if (bytes.length < 4) return first;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length < FRAME_HEADER_BYTES || length > FIRST_BYTES_MAX) return { token: null };
  reader.push(bytes.subarray(0, length), ({ kind, body }) => {
    first = { token: kind === KIND.auth ? readAuth(body) : null };
  });
  return first;
}

/** AUTH TOKEN, AUTH NAME TOKEN, or HELLO 2|3 AUTH NAME TOKEN; the name does not matter. */
function readResp(bytes: Uint8Array): First {
  const reader = new RespReader();
  reader.feed(bytes);
  if (!reader.next()) return "unfinished";
  const { argc, source, starts, ends } = reader;
  const arg = (i: number): string => latin1.decode(source.subarray(starts[i]!, ends[i]!));
  const name = arg(0).toLowerCase();
  if (name === "auth" && (argc === 2 || argc === 3)) return { token: arg(argc - 1) };
  const isHello = name === "hello" && argc >= 5 && arg(2).toLowerCase() === "auth";
  return { token: isHello ? arg(4) : null };
}

function readJson(bytes: Uint8Array): First {
  const end = bytes.indexOf(LF);
  if (end === -1) return "unfinished";
  try {
    const said = JSON.parse(latin1.decode(bytes.subarray(0, end))) as {
      readonly auth?: unknown;
    } | null;
    return { token: typeof said?.auth === "string" ? said.auth : null };
  } catch {
    return { token: null };
  }
}

type Way = {
  read(bytes: Uint8Array): First;
  refusal(w: ByteWriter, reason: string): void;
};

const WAYS: Readonly<Record<"binary" | "resp" | "json", Way>> = {
  binary: { read: readFrame, refusal: (w, reason) => writeAuthReply(w, { refusal: reason }) },
  resp: {
    read: readResp,
    refusal: (w, reason) =>
      writeError(w, reason === WRONG ? `WRONGPASS ${reason}` : `NOAUTH ${reason}`),
  },
  json: {
    read: readJson,
    refusal: (w, message) =>
      w.bytes(utf8.encode(jsonError(undefined, { code: "unauthorized", definite: true, message }))),
  },
};
