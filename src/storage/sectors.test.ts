import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { asIndex, asTerm, GROUP_1 } from "../lib/ids.ts";
import { Prng } from "../lib/prng.ts";
import type { EntryBatch } from "../raft/types.ts";
import { findRecord, readItems, RecordWriter, segmentBytes } from "./record.ts";
import { endOfSectors, recordStart, SECTOR_BYTES, tagOf } from "./sectors.ts";

/** A fraction of a second each of pure computing; the machine may have other things to do. */
setDefaultTimeout(60_000);

const FILE_BYTES = 6 * SECTOR_BYTES;
const SALT = 0x1234_5678;
const OLD_SALT = 0x0bad_cafe;
/** Of the record under test; the older ones below it come before. */
const SEQUENCE = 1_000;

function batch(length: number, random: Prng): EntryBatch {
  const bytes = Uint8Array.from({ length }, () => random.below(256));
  return { firstIndex: asIndex(1), term: asTerm(1), kind: 0, count: 1, bytes };
}

function sealed(value: EntryBatch, sequence: number, salt: number, at: number): Uint8Array {
  const writer = new RecordWriter();
  writer.begin();
  writer.batch(GROUP_1, value);
  return writer.seal(sequence, salt, at).slice();
}

/** A file that older records fill up to some sector, as one that is used again; zeros from there on. */
function oldFile(random: Prng): Uint8Array {
  const file = new Uint8Array(FILE_BYTES);
  const filledTo = random.below(7) * SECTOR_BYTES;
  let sequence = 1 + random.below(900);
  for (let at = 0; at < filledTo; sequence++) {
    const record = sealed(batch(random.below(1_200), random), sequence, OLD_SALT, at);
    file.set(record.subarray(0, filledTo - at), at);
    at = recordStart(at + record.length);
  }
  return file;
}

type Case = {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly value: EntryBatch;
};

/** A record somewhere in a file that is used again, and the file without it. */
function draw(random: Prng): Case {
  const before = oldFile(random);
  const at = recordStart(8 * random.below((2 * SECTOR_BYTES) / 8));
  // What comes before it in its sector is the newest record but one.
  const first = sealed(batch(0, random), SEQUENCE - 1, SALT, 0);
  before.set(first.subarray(0, at));
  const value = batch(random.below(3 * SECTOR_BYTES), random);
  const record = sealed(value, SEQUENCE, SALT, at);
  const after = before.slice();
  after.set(record, at);
  return { before, after, at, end: at + record.length, value };
}

const find = (bytes: Uint8Array, at: number) => {
  const file = segmentBytes(bytes.slice());
  const found = findRecord(file, at, SALT, SEQUENCE);
  const values: Uint8Array[] = [];
  if (found.kind === "record") {
    readItems(file, found, {
      hardState() {},
      mark() {},
      batch: (_, { bytes: v }) => values.push(v),
    });
  }
  return { file, found, values };
};

/** Each with a case of its own; the seed is told when it fails. */
function eachSeed(count: number, check: (one: Case, random: Prng) => void): void {
  for (let seed = 1; seed <= count; seed++) {
    const random = new Prng(seed);
    try {
      check(draw(random), random);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`);
    }
  }
}

const sectorsOf = ({ at, end }: Case): number[] => {
  const sectors: number[] = [];
  for (let from = at - (at % SECTOR_BYTES); from < end; from += SECTOR_BYTES) sectors.push(from);
  return sectors;
};

test("sectors: a record over older ones reads as it was written, and carries its tag in every sector", () => {
  eachSeed(500, (one) => {
    const { found, values } = find(one.after, one.at);
    expect(found).toMatchObject({ kind: "record", at: one.at, end: one.end, sequence: SEQUENCE });
    expect(values).toEqual([one.value.bytes]);
    const { words } = segmentBytes(one.after);
    expect(one.at % SECTOR_BYTES).toBeLessThanOrEqual(SECTOR_BYTES - 40);
    const [, ...further] = sectorsOf(one);
    for (const sector of further) expect(words[sector / 4]).toBe(tagOf(SEQUENCE));
    expect(words[one.end / 4 - 1]).toBe(tagOf(SEQUENCE));
  });
});

test("sectors: without a record there is none, whatever older ones hold", () => {
  eachSeed(500, ({ before, at }) => {
    const { file, found } = find(before, at);
    expect(found.kind).toBe("none");
    expect(endOfSectors(file, at, SEQUENCE)).toBe(at);
  });
});

test("sectors: a record that lacks any of its sectors is torn, and what is there of it is found", () => {
  eachSeed(200, (one) => {
    const sectors = sectorsOf(one);
    for (let lost = 1; lost < 1 << sectors.length; lost++) {
      const bytes = one.after.slice();
      for (const [i, from] of sectors.entries()) {
        if ((lost >> i) & 1) bytes.set(one.before.subarray(from, from + SECTOR_BYTES), from);
      }
      const { file, found } = find(bytes, one.at);
      if ((lost & 1) === 1) expect(found.kind).toBe("none");
      else expect(found).toMatchObject({ kind: "bad", torn: true, end: one.end });
      // Its first sector begins with its tag too, if it is all its own.
      const isTagged = (i: number): boolean => i > 0 || one.at % SECTOR_BYTES === 0;
      const last = sectors.findLast((_, i) => isTagged(i) && ((lost >> i) & 1) === 0);
      const end = last === undefined ? one.at : last + SECTOR_BYTES;
      expect(endOfSectors(file, one.at, SEQUENCE)).toBe(end);
    }
  });
});

describe("sectors: a complete record is damaged or sound, never torn", () => {
  const isKept = (one: Case, bytes: Uint8Array): boolean => {
    const { found, values } = find(bytes, one.at);
    if (found.kind === "record") expect(values).toEqual([one.value.bytes]);
    return found.kind === "record" || (found.kind === "bad" && !found.torn);
  };

  test("with one bit flipped", () => {
    eachSeed(20, (one) => {
      for (let at = one.at; at < one.end; at++) {
        const bytes = one.after.slice();
        bytes[at]! ^= 1 << (at % 8);
        if (!isKept(one, bytes)) throw new Error(`byte ${at}`);
      }
    });
  });

  test("with several bits flipped, within its header or anywhere", () => {
    eachSeed(500, (one, random) => {
      const bytes = one.after.slice();
      const end = random.chance(0.5) ? one.at + 32 : one.end;
      for (let flips = random.between(2, 8); flips > 0; flips--) {
        bytes[random.between(one.at, end - 1)]! ^= 1 << random.below(8);
      }
      expect(isKept(one, bytes)).toBe(true);
    });
  });

  test("with some bytes replaced by others, in all but its last 4", () => {
    eachSeed(500, (one, random) => {
      const bytes = one.after.slice();
      const from = random.between(one.at, one.end - 5);
      const to = Math.min(one.end - 4, from + 1 + random.below(random.chance(0.5) ? 24 : 700));
      for (let at = from; at < to; at++) bytes[at] = 1 + random.below(255);
      // The tags that tell of it are gone too, as if its first sector had never been written.
      const isFirstSectorGone =
        from < one.at + 24 && to > Math.min(one.end, sectorsOf(one)[0]! + 508);
      if (!isFirstSectorGone) expect(isKept(one, bytes)).toBe(true);
    });
  });

  test("with a sector that is neither its own nor an older one's", () => {
    eachSeed(300, (one, random) => {
      const [, ...further] = sectorsOf(one);
      for (const sector of further) {
        const bytes = one.after.slice();
        for (let i = 0; i < SECTOR_BYTES; i++) bytes[sector + i] = 128 + random.below(128);
        expect(isKept(one, bytes)).toBe(true);
      }
    });
  });
});
