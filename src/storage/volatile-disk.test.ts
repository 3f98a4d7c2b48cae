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
    for (let seed = 1; seed <= 30; seed++) {
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

describe("volatile disk: a loss of power that keeps", () => {
  /** What is left of three writes to `a`, a new file and an unlink, over many draws. */
  function outcomes(keeps: PowerLossKeeps): Set<string> {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const it = withOld(seed);
      put(it.disk, A, "1");
      put(it.disk, B, "b");
      put(it.disk, A, "2", 1);
      it.disk.unlink(A);
      seen.add(after(it, keeps).join());
    }
    return seen;
  }

  test("a prefix: the first changes, in the order of their making", () => {
    const wanted = ["a=old", "a=1ld", "a=1ld,b=", "a=1ld,b=b", "a=12d,b=b", "b=b"];
    expect([...outcomes("prefix")].sort()).toEqual(wanted.sort());
  });

  test("a subset: any of them, whole", () => {
    const contents = ["a=old,", "a=1ld,", "a=o2d,", "a=12d,", ""];
    const wanted = contents.flatMap((a) => ["", "b=", "b=b"].map((b) => (a + b).replace(/,$/, "")));
    expect([...outcomes("subset")].sort()).toEqual(wanted.sort());
  });

  test("sectors: any of a write's, each whole", () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const it = machine(new PlainDisk(), seed);
      put(it.disk, A, "-".repeat(1200));
      syncNow(it.disk, A);
      it.disk.syncDirNow(DIR);
      put(it.disk, A, "X".repeat(900), 200);
      const [found = ""] = after(it, "torn");
      const lengths = found
        .slice(2)
        .match(/X+|-+/g)!
        .map((run) => `${run[0]}${run.length}`);
      seen.add(lengths.join(" "));
    }
    const wanted = [
      "-1200",
      "-200 X312 -688",
      "-512 X512 -176",
      "-1024 X76 -100",
      "-200 X824 -176",
      "-200 X312 -512 X76 -100",
      "-512 X588 -100",
      "-200 X900 -100",
    ];
    expect([...seen].sort()).toEqual(wanted.sort());
  });

  test("is the same for the same seed", () => {
    const once = (seed: number): string[] => {
      const it = withOld(seed);
      for (let i = 0; i < 40; i++) put(it.disk, A, String(i % 10), i);
      return after(it, "torn");
    };
    expect(once(7)).toEqual(once(7));
    expect(once(7)).not.toEqual(once(8));
  });

  test("files that were replaced or unlinked: nothing of theirs goes to others", () => {
    for (let seed = 1; seed <= 100; seed++) {
      for (const keeps of ["prefix", "subset", "torn"] as const) {
        const it = withOld(seed);
        put(it.disk, B, "new");
        syncNow(it.disk, B);
        put(it.disk, A, "OLD");
        it.disk.rename(B, A);
        put(it.disk, A, "NEW");
        it.disk.unlink(A);
        put(it.disk, A, "2nd");
        for (const file of after(it, keeps)) {
          expect(["", "old", "OLD", "new", "NEW", "2nd"]).toContain(file.slice(2));
        }
      }
    }
  });
});

describe("volatile disk: without power", () => {
  test("every operation throws, nothing calls back, and what is open is closed on the base", () => {
    const { disk, base, settle } = withOld();
    const file = disk.open(A);
    const failed = (): void => {
      throw new Error("called back");
    };
    disk.sync(file, failed);
    disk.writeLater(file, bytesOf("x"), 0, failed);
    disk.losePower("nothing");
    for (let i = 0; i < 3; i++) settle();
    disk.close(file);
    const operations = [
      () => disk.list(DIR),
      () => disk.open(A),
      () => disk.create(B),
      () => disk.read(A),
      () => disk.readAt(file, new Uint8Array(1), 0),
      () => disk.write(file, bytesOf("x"), 0, 1, 0),
      () => disk.sync(file, failed),
      () => disk.syncNow(file),
      () => disk.zero(file, 0, 1, failed),
      () => disk.rename(A, B),
      () => disk.unlink(A),
      () => disk.syncDir(DIR, failed),
    ];
    for (const operation of operations) expect(operation).toThrow("EPOWER");
    expect(base.openFiles).toBe(0);
    expect(disk.hasPower).toBe(false);
  });

  test.each([null, "sync", "syncDir", "zero"] as const)(
    "a change before which a point took it (%p) does not happen",
    (last) => {
      const it = withOld();
      const { disk } = it;
      put(disk, B, "new");
      disk.rename(A, `${DIR}/c`);
      put(disk, `${DIR}/c`, "C");
      disk.onPoint = (point) => {
        if (point === last) disk.losePower("nothing");
      };
      const change = (): void => {
        if (last === "zero") {
          const file = disk.open(`${DIR}/c`);
          return disk.zero(file, 0, 1, () => {});
        }
        syncNow(disk, `${DIR}/c`);
        disk.syncDirNow(DIR);
      };
      if (last === null || last === "zero") change();
      else expect(change).toThrow("EPOWER");
      it.settle();
      const left = { null: ["b=", "c=Cld"], sync: ["a=old"], syncDir: ["a=Cld"], zero: ["a=old"] };
      expect(after(it, "nothing")).toEqual(left[`${last}`]);
    },
  );
});

test("volatile disk: tells of each change before it, by its path", () => {
  const { disk, settle } = machine();
  const seen: string[] = [];
  disk.onPoint = (point, path) => seen.push(`${point} ${path}`);
  const file = disk.create(A);
  disk.write(file, bytesOf("x"), 0, 1, 0);
  disk.truncate(file, 4);
  disk.sync(file, () => {});
  expect(seen).toEqual([`create ${A}`, `write ${A}`, `truncate ${A}`]);
  settle();
  disk.rename(A, B);
  disk.syncNow(file);
  disk.syncDirNow(DIR);
  disk.unlink(B);
  const rest = [`sync ${A}`, `rename ${A}`, `sync ${B}`, `syncDir ${DIR}`, `unlink ${B}`];
  expect(seen.slice(3)).toEqual(rest);
});

describe("volatile disk: faults", () => {
  test("EIO on write: nothing is written", () => {
    const { disk, settle } = withOld();
    const file = disk.open(A);
    disk.failing = "write";
    expect(() => disk.write(file, bytesOf("x"), 0, 1, 0)).toThrow("EIO");
    expect(() => disk.truncate(file, 0)).toThrow("EIO");
    const errors: (Error | null)[] = [];
    disk.writeLater(file, bytesOf("x"), 0, (error) => errors.push(error));
    disk.zero(file, 0, 9, (error) => errors.push(error));
    settle();
    settle();
    expect(errors.map((error) => error?.message)).toEqual([`EIO: ${A}`, `EIO: ${A}`]);
    expect(textOf(disk.read(A))).toBe("old");
    disk.syncNow(file);
  });

  test("EIO on sync: reads see what was written, and no later sync makes it durable", () => {
    const it = withOld();
    const file = it.disk.open(A);
    it.disk.write(file, bytesOf("x"), 0, 1, 0);
    it.disk.failing = "sync";
    expect(() => it.disk.syncNow(file)).toThrow("EIO");
    expect(() => it.disk.syncDirNow(DIR)).toThrow("EIO");
    it.disk.failing = null;
    expect(it.disk.unsynced).toBe(0);
    it.disk.write(file, bytesOf("y"), 0, 1, 1);
    it.disk.syncNow(file);
    expect(textOf(it.disk.read(A))).toBe("xyd");
    expect(after(it, "prefix")).toEqual(["a=oyd"]);
  });

  test("ENOSPC: for new files and beyond the end of one, not within", () => {
    const { disk, settle } = withOld();
    const file = disk.open(A);
    disk.full = true;
    disk.write(file, bytesOf("x"), 0, 1, 2);
    expect(() => disk.write(file, bytesOf("xx"), 0, 2, 2)).toThrow("ENOSPC");
    expect(() => disk.create(B)).toThrow("ENOSPC");
    expect(() => disk.create(A)).toThrow("EEXIST");
    let refused: Error | null = null;
    disk.zero(file, 0, 4, (error) => (refused = error));
    settle();
    expect(String(refused)).toContain("ENOSPC");
    disk.full = false;
    disk.write(file, bytesOf("xx"), 0, 2, 2);
    disk.full = true;
    disk.write(file, bytesOf("yy"), 0, 2, 2);
    expect(textOf(disk.read(A))).toBe("olyy");
  });

  test("a stall: what is under way ends after it, in order; what a call does is not held up", () => {
    const it = withOld();
    const file = it.disk.open(A);
    const ended: string[] = [];
    it.disk.write(file, bytesOf("x"), 0, 1, 0);
    it.disk.sync(file, () => ended.push("sync"));
    it.disk.stall();
    it.disk.syncDir(DIR, () => ended.push("syncDir"));
    it.settle();
    it.settle();
    expect(ended).toEqual([]);
    expect(textOf(it.base.read(A))).toBe("old");
    it.disk.resume();
    expect(ended).toEqual(["sync", "syncDir"]);
    expect(textOf(it.base.read(A))).toBe("xld");
  });
});
