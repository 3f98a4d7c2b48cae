import { describe, expect, test } from "bun:test";
import { TOKEN_BYTES_MAX, ValueCodec } from "./values.ts";

const TAG = 0xabcdef;

function written(valueBytes: number, number: number): Uint8Array {
  const bytes = new Uint8Array(valueBytes);
  new ValueCodec(valueBytes, TAG).write(bytes, number);
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function token(number: number): Uint8Array {
  const bytes = new Uint8Array(TOKEN_BYTES_MAX);
  return bytes.subarray(0, new ValueCodec(8, TAG).writeToken(bytes, number));
}

const read = (valueBytes: number, bytes: Uint8Array): number | string => {
  const framed = concat(Uint8Array.of(1, 2, 3), bytes, Uint8Array.of(9));
  return new ValueCodec(valueBytes, TAG).read(framed, 3, bytes.length);
};

describe("values", () => {
  test.each([8, 9, 256, 70_000, 200_000])("a put value of %d bytes reads as its number", (size) => {
    for (const number of [0, 1, 65_536, 0xffff_ffff]) {
      expect(read(size, written(size, number))).toBe(number);
    }
  });

  test("a token reads as its number; put and tokens read as the names in a row", () => {
    expect(read(256, token(17))).toBe(17);
    expect(read(256, concat(token(17), token(4)))).toBe("v17v4");
    expect(read(256, concat(written(256, 5), token(9), token(4_294_967_295)))).toBe(
      "v5v9v4294967295",
    );
  });

  test("any changed byte is noticed", () => {
    const good = written(64, 12_345);
    for (let at = 8; at < good.length; at++) {
      const bad = Uint8Array.from(good);
      bad[at]! ^= 0x10;
      expect(read(64, bad), `byte ${at}`).toStartWith("damaged v12345");
    }
    for (let at = 4; at < 8; at++) {
      const bad = Uint8Array.from(good);
      bad[at]! ^= 0x10;
      expect(read(64, bad), `byte ${at} of the number`).not.toBe(12_345);
      expect(read(64, bad), `byte ${at} of the number`).toBeString();
    }
  });

  test("a cut value, a stray byte and an empty one are damaged", () => {
    expect(read(64, written(64, 7).subarray(0, 63))).toStartWith("damaged");
    expect(read(64, concat(written(64, 7), Uint8Array.of(0)))).toStartWith("damaged");
    expect(read(64, new Uint8Array(0))).toStartWith("damaged");
  });

  test("a value of another run is foreign", () => {
    expect(new ValueCodec(64, TAG + 1).read(written(64, 7), 0, 64)).toStartWith("foreign");
  });
});
