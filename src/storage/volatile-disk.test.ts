import { describe, expect, test } from "bun:test";
import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { Prng } from "../lib/prng.ts";
import { PlainDisk } from "./plain-disk.ts";
import { VolatileDisk } from "./volatile-disk.ts";

const DIR = "/data";
const A = `${DIR}/a`;
const B = `${DIR}/b`;

type Machine = {
  readonly disk: VolatileDisk;
  readonly base: PlainDisk;
  /** Ends the oldest operation that is under way. */
  readonly settle: () => void;
};

function machine(base = new PlainDisk(), seed = 1): Machine {
  const queue: (() => void)[] = [];
  const disk = new VolatileDisk(base, {
    prng: new Prng(seed),
    later: (_operation, _bytes, work) => void queue.push(work),
  });
  disk.mkdir(DIR);
  return { disk, base, settle: () => queue.shift()?.() };
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function put(disk: VolatileDisk, path: string, text: string, at = 0): void {
  const file = disk.list(DIR).includes(path.slice(DIR.length + 1))
    ? disk.open(path)
    : disk.create(path);
  disk.write(file, bytesOf(text), 0, text.length, at);
  disk.close(file);
}

function syncNow(disk: VolatileDisk, path: string): void {
  const file = disk.open(path);
  disk.syncNow(file);
  disk.close(file);
}

/** The files that a machine finds after a loss of power, as "name=content". */
function after({ disk, base }: Machine, keeps: PowerLossKeeps): string[] {
  disk.losePower(keeps);
  const next = machine(base).disk;
  return next
    .list(DIR)
    .sort()
    .map((name) => `${name}=${textOf(next.read(`${DIR}/${name}`))}`);
}

/** A durable file `a` that holds "old". */
function withOld(seed = 1): Machine {
  const it = machine(new PlainDisk(), seed);
  put(it.disk, A, "old");
  syncNow(it.disk, A);
  it.disk.syncDirNow(DIR);
  return it;
}

describe("volatile disk: reads see what no sync has made durable", () => {
  test("contents, lengths and names", () => {
    const { disk } = withOld();
    put(disk, A, "NEW+", 1);
    expect(textOf(disk.read(A))).toBe("oNEW+");
    const file = disk.open(A);
    disk.truncate(file, 3);
    put(disk, A, "z", 5);
    expect(disk.read(A)).toEqual(bytesOf("oNE\0\0z"));
    const into = new Uint8Array(9).fill(7);
    expect(disk.readAt(file, into, 2)).toBe(4);
    expect(into.subarray(0, 4)).toEqual(bytesOf("E\0\0z"));
    expect(disk.readAt(file, into, 6)).toBe(0);
    disk.rename(A, B);
    expect(disk.list(DIR)).toEqual(["b"]);
    expect(() => disk.open(A)).toThrow("ENOENT");
    expect(disk.readAt(file, into, 0)).toBe(6);
    disk.unlink(B);
    expect(disk.list(DIR)).toEqual([]);
    expect(() => disk.read(B)).toThrow("ENOENT");
  });

  test("random changes are like those of a plain disk, synced or not", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Prng(seed);
      const { disk, settle } = machine(new PlainDisk(), seed);
      const plain = new PlainDisk();
      const paths = [A, B, `${DIR}/c`];
      for (let step = 0; step < 60; step++) {
        const path = random.pick(paths);
        const exists = plain.list(DIR).includes(path.slice(-1));
        const size = random.below(40);
        const at = random.below(60);
        for (const port of [disk, plain]) {
          const file = exists ? port.open(path) : port.create(path);
          const what = step % 7;
          if (what < 4) port.write(file, new Uint8Array(size).fill(step + 1), 0, size, at);
          else if (what === 4) port.truncate(file, at);
          port.close(file);
          if (what === 5) port.unlink(path);
          if (what === 6) port.rename(path, paths[(paths.indexOf(path) + 1) % 3]!);
        }
        if (random.chance(0.2)) disk.syncDirNow(DIR);
        if (random.chance(0.2) && plain.list(DIR).length > 0) {
          const file = disk.open(`${DIR}/${random.pick(plain.list(DIR))}`);
          disk.sync(file, () => disk.close(file));
          settle();
        }
        const content = (port: PlainDisk | VolatileDisk) =>
          port
            .list(DIR)
            .sort()
            .map((name) => [name, [...port.read(`${DIR}/${name}`)]]);
        expect(content(disk), `seed ${seed} step ${step}`).toEqual(content(plain));
      }
    }
  });
});

describe("volatile disk: a loss of power that keeps nothing", () => {
  test("takes what was not synced, and leaves what was", () => {
    const it = withOld();
    put(it.disk, A, "new");
    expect(it.disk.unsynced).toBe(1);
    expect(after(it, "nothing")).toEqual(["a=old"]);
  });

  test("takes a new name, though the file was synced", () => {
    const it = withOld();
    put(it.disk, B, "new");
    syncNow(it.disk, B);
    expect(after(it, "nothing")).toEqual(["a=old"]);
    expect([...it.base.files().keys()]).toEqual([A]);
  });

  test("takes a new file's content, though its name was synced", () => {
    const it = withOld();
    put(it.disk, B, "new");
    it.disk.syncDirNow(DIR);
    expect(after(it, "nothing")).toEqual(["a=old", "b="]);
  });

  test("undoes a rename over another file, and an unlink", () => {
    const it = withOld();
    put(it.disk, B, "new");
    syncNow(it.disk, B);
    it.disk.syncDirNow(DIR);
    it.disk.rename(B, A);
    expect(textOf(it.disk.read(A))).toBe("new");
    it.disk.unlink(A);
    expect(it.disk.list(DIR)).toEqual([]);
    expect(after(it, "nothing")).toEqual(["a=old", "b=new"]);
  });

  test("is what the end of the process is, without a word to the disk", () => {
    const { disk, base } = withOld();
    put(disk, A, "new");
    put(disk, B, "new");
    syncNow(disk, B);
    const next = machine(base).disk;
    expect(next.list(DIR)).toEqual(["a"]);
    expect(textOf(next.read(A))).toBe("old");
    expect([...base.files().keys()]).toEqual([A]);
  });
});

describe("volatile disk: what a sync makes durable", () => {
  test("a rename with its directory, and what was written to the file before and after it", () => {
    const it = withOld();
    put(it.disk, A, "1");
    it.disk.rename(A, B);
    put(it.disk, B, "2", 1);
    syncNow(it.disk, B);
    it.disk.syncDirNow(DIR);
    expect(after(it, "nothing")).toEqual(["b=12d"]);
  });

  test("a file that was closed before its sync", () => {
    const it = withOld();
    put(it.disk, A, "new");
    syncNow(it.disk, A);
    expect(it.disk.unsynced).toBe(0);
    expect(after(it, "nothing")).toEqual(["a=new"]);
  });

  test("only what was written before it ended, and not before it ended", () => {
    const it = withOld();
    const file = it.disk.open(A);
    it.disk.write(file, bytesOf("new"), 0, 3, 0);
    let ended = false;
    it.disk.sync(file, () => (ended = true));
    expect(textOf(it.base.read(A))).toBe("old");
    it.settle();
    expect(ended).toBe(true);
    it.disk.write(file, bytesOf("3rd"), 0, 3, 0);
    expect(after(it, "nothing")).toEqual(["a=new"]);
  });

  test("zeros, when all are written", () => {
    const it = withOld();
    const file = it.disk.open(A);
    it.disk.write(file, bytesOf("OL"), 0, 2, 0);
    let ended = false;
    it.disk.zero(file, 2, 300_000, () => (ended = true));
    while (!ended) it.settle();
    it.disk.losePower("nothing");
    const found = it.base.read(A);
    expect(found.length).toBe(300_000);
    expect(textOf(found.subarray(0, 4))).toBe("OL\0\0");
  });
});
