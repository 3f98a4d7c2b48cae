import { expect, test } from "bun:test";
import { readAuth, readAuthReply, TOKEN_BYTES_MAX, writeAuth, writeAuthReply } from "./auth.ts";
import { ByteWriter, WireError } from "./bytes.ts";
import { FRAME_HEADER_BYTES, FrameReader } from "./frame.ts";
import { KIND } from "./kinds.ts";

function bodyOf(write: (w: ByteWriter) => void, kind: number): Uint8Array {
  const w = new ByteWriter(16);
  write(w);
  const bodies: Uint8Array[] = [];
  new FrameReader().push(w.written().slice(), (frame) => {
    expect(frame.kind).toBe(kind);
    bodies.push(frame.body);
  });
  expect(bodies).toHaveLength(1);
  return bodies[0]!;
}

test("auth: a token and the answers to it are read as they were written", () => {
  for (const token of ["t", "ein Schlüssel", "x".repeat(TOKEN_BYTES_MAX)]) {
    expect(readAuth(bodyOf((w) => writeAuth(w, token), KIND.auth))).toBe(token);
  }
  for (const refusal of [null, "a token is needed"]) {
    const body = bodyOf((w) => writeAuthReply(w, { refusal }), KIND.authReply);
    expect(readAuthReply(body)).toEqual({ refusal });
  }
});

test("auth: a body that is cut, too long, empty or no text is refused, and the token is not shown", () => {
  const secret = "s3cret-s3cret";
  const whole = bodyOf((w) => writeAuth(w, secret), KIND.auth);
  const bad = [
    ...Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length)),
    new Uint8Array([...whole, 0]),
    bodyOf((w) => writeAuth(w, ""), KIND.auth),
    bodyOf((w) => writeAuth(w, "x".repeat(TOKEN_BYTES_MAX + 1)), KIND.auth),
    new Uint8Array([1, 0, 0xff]),
  ];
  for (const body of bad) {
    let thrown: unknown = null;
    try {
      readAuth(body);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(WireError);
    expect(String(thrown)).not.toContain(secret);
  }
  expect(() => readAuthReply(new Uint8Array([2, 0, 0]))).toThrow(WireError);
  expect(FRAME_HEADER_BYTES + 2 + TOKEN_BYTES_MAX).toBeLessThan(1024);
});
