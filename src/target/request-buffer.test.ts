import { describe, expect, test } from "bun:test";
import { type Command, OP_GET, OP_PUT, readCommand } from "../kv/command.ts";
import { GROUP_1 } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import { eachRequest } from "../wire/client.ts";
import { FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { RequestBuffer } from "./request-buffer.ts";

const SEED = 20260731;

const put = (seq: number, valueBytes: number): Command => ({
  op: OP_PUT,
  flags: 0,
  session: 2 ** 40,
  seq,
  nonce: 0,
  expected: 0,
  key: Buffer.from("k1"),
  value: new Uint8Array(valueBytes).fill(seq),
});

/** A socket that takes so many bytes of each write, and decodes what it took. */
class Wire {
  readonly requests: { readonly id: number; readonly seq: number; readonly ok: boolean }[] = [];
  readonly frames: number[] = [];
  take = Number.POSITIVE_INFINITY;
  readonly #reader = new FrameReader();

  write(data: Uint8Array, offset: number, length: number): number {
    const taken = Math.min(length, this.take);
    this.#reader.push(data.slice(offset, offset + taken), (frame) => {
      expect([frame.kind, frame.group]).toEqual([KIND.clientRequests, GROUP_1]);
      this.frames.push(frame.body.length);
      eachRequest(frame.body, (view, id, at) => {
        const { seq, value } = readCommand(frame.body, view, at);
        this.requests.push({ id, seq, ok: value.every((byte) => byte === (seq & 0xff)) });
      });
    });
    return taken;
  }
}

describe("request buffer", () => {
  test("what was added since the last flush leaves as one frame", () => {
    const wire = new Wire();
    const out = new RequestBuffer(GROUP_1, 1 << 20);
    for (let i = 1; i <= 3; i++) expect(out.add(i, put(i, 100))).toBe(true);
    expect(out.flush(wire)).toBe(true);
    expect(wire.frames).toHaveLength(1);
    expect(wire.requests.map((r) => r.id)).toEqual([1, 2, 3]);
    expect(out.pendingBytes).toBe(0);
    out.flush(wire);
    expect(wire.frames).toHaveLength(1);
  });

  test("nothing is lost, doubled or torn when the socket takes bytes as it likes", () => {
    const prng = new Prng(SEED);
    const wire = new Wire();
    const out = new RequestBuffer(GROUP_1, 64 << 20);
    const count = 2000;
    for (let i = 1; i <= count; i++) {
      expect(out.add(i, put(i, prng.below(2000)))).toBe(true);
      wire.take = prng.below(3000);
      if (prng.chance(0.3)) out.flush(wire);
    }
    wire.take = Number.POSITIVE_INFINITY;
    out.flush(wire);
    const expected = Array.from({ length: count }, (_, i) => ({ id: i + 1, seq: i + 1, ok: true }));
    expect(wire.requests, `seed ${SEED}`).toEqual(expected);
    expect(out.pendingBytes).toBe(0);
  });

  test("a request beyond the limit is not taken, and fits again once the rest has left", () => {
    const wire = new Wire();
    const out = new RequestBuffer(GROUP_1, 1000);
    expect(out.add(1, put(1, 600))).toBe(true);
    expect(out.add(2, put(2, 600))).toBe(false);
    out.flush(wire);
    expect(out.add(3, put(3, 600))).toBe(true);
    out.flush(wire);
    expect(wire.requests.map((r) => r.id)).toEqual([1, 3]);
  });

  test("a turn of large values is cut into frames of a megabyte or so", () => {
    const wire = new Wire();
    const out = new RequestBuffer(GROUP_1, 64 << 20);
    for (let i = 1; i <= 10; i++) out.add(i, put(i, 400_000));
    out.flush(wire);
    expect(wire.requests).toHaveLength(10);
    expect(Math.max(...wire.frames)).toBeLessThan(2 << 20);
  });

  test("clear forgets a frame that was half written", () => {
    const wire = new Wire();
    const out = new RequestBuffer(GROUP_1, 1 << 20);
    out.add(1, put(1, 100));
    wire.take = 5;
    out.flush(wire);
    out.clear();
    const next = new Wire();
    out.add(2, { ...put(2, 0), op: OP_GET });
    out.flush(next);
    expect(next.requests).toEqual([{ id: 2, seq: 2, ok: true }]);
  });

  test("a closed socket is told", () => {
    const out = new RequestBuffer(GROUP_1, 1 << 20);
    out.add(1, put(1, 1));
    expect(out.flush({ write: () => -1 })).toBe(false);
  });
});
