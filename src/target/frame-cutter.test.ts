import { expect, test } from "bun:test";
import { Prng } from "../lib/prng.ts";
import { WireError } from "../wire/bytes.ts";
import { eachFrame, FrameCutter } from "./frame-cutter.ts";

function frame(prng: Prng, length: number): Uint8Array {
  const bytes = Uint8Array.from({ length }, () => prng.below(256));
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}

test("FrameCutter: any cutting of a stream gives the same frames, byte for byte", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const prng = new Prng(seed);
    const frames = Array.from({ length: 40 }, () => frame(prng, 14 + prng.below(200)));
    const stream = Buffer.concat(frames);
    const cutter = new FrameCutter();
    const got: Uint8Array[] = [];
    for (let at = 0; at < stream.length;) {
      const size = prng.chance(0.3) ? 1 + prng.below(3) : 1 + prng.below(600);
      cutter.push(stream.subarray(at, at + size), (run) => eachFrame(run, (f) => got.push(f)));
      at += size;
    }
    expect(`seed ${seed}: ${got.length}`).toBe(`seed ${seed}: ${frames.length}`);
    expect(Buffer.concat(got).equals(stream)).toBe(true);
  }
});

test("FrameCutter: whole frames of a chunk come as one run without a copy", () => {
  const prng = new Prng(1);
  const chunk = new Uint8Array(Buffer.concat([frame(prng, 20), frame(prng, 30)]));
  const runs: Uint8Array[] = [];
  new FrameCutter().push(chunk, (run) => runs.push(run));
  expect(runs.length).toBe(1);
  expect(runs[0]!.length).toBe(50);
  expect(runs[0]!.buffer).toBe(chunk.buffer);
});

test("FrameCutter: a length below the header's or above the limit is refused", () => {
  for (const length of [0, 13, 0xffff_ffff]) {
    const bytes = new Uint8Array(14);
    new DataView(bytes.buffer).setUint32(0, length, true);
    expect(() => new FrameCutter().push(bytes, () => {})).toThrow(WireError);
  }
});
