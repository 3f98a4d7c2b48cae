import { afterEach, beforeEach, expect, test } from "bun:test";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { asNode, GROUP_1 } from "../lib/ids.ts";
import type { OpenedWal } from "../storage/log-storage.ts";
import { batchOf, writeOf } from "../storage/test-log.ts";
import { openWal } from "../storage/wal.ts";
import { diskPort } from "./disk.ts";

let dir = "";
beforeEach(() => {
  dir = fs.mkdtempSync(join(os.tmpdir(), "ordeal-disk-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const open = (at: string): OpenedWal =>
  openWal({
    port: diskPort(),
    dir: at,
    identity: { clusterId: "c", nodeId: asNode(1) },
    now: () => performance.now(),
    onFatal: (error) => {
      throw error;
    },
    segmentSizes: { first: 1 << 20, max: 4 << 20 },
  });

test("disk: a log over several real segments is found again as it was written", async () => {
  const first = open(join(dir, "made", "for-it"));
  const count = 60;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (let seq = 1; seq <= count; seq++) {
    const batch = batchOf(seq, 1, 4, 25_000, seq);
    first.wal.append(GROUP_1, writeOf(seq, batch), (s) => s === count && resolve());
    first.wal.commit();
  }
  await promise;
  first.wal.close();
  const second = open(join(dir, "made", "for-it"));
  second.wal.close();
  expect(second.report.segments).toBeGreaterThan(2);
  const { batches } = second.groups.get(GROUP_1)!;
  expect(batches.map((b) => b.bytes.at(-1)!)).toEqual(
    Array.from({ length: count }, (_, i) => i + 1),
  );
});

test("disk: read gives a whole file in a buffer of its own, write fills exactly its range", () => {
  const port = diskPort();
  const path = join(dir, "file");
  const file = port.create(path);
  port.write(file, new Uint8Array([1, 2, 3, 4, 5, 6]), 1, 4, 3);
  port.syncNow(file);
  const bytes = port.read(path);
  expect([...bytes]).toEqual([0, 0, 0, 2, 3, 4]);
  expect(bytes.byteOffset).toBe(0);
  port.truncate(file, 4);
  port.close(file);
  expect(port.read(path).length).toBe(4);
  expect(() => port.create(path)).toThrow("EEXIST");
  port.rename(path, `${path}2`);
  expect(port.list(dir)).toEqual(["file2"]);
  port.unlink(`${path}2`);
  expect(() => port.open(path)).toThrow("ENOENT");
});

test("disk: errors of what runs away from the event loop reach the callback", async () => {
  const port = diskPort();
  const failed = (start: (done: (error: Error | null) => void) => void) =>
    new Promise<Error | null>((resolve) => start(resolve));
  const bad = 1_000_000; // No such descriptor.
  expect(await failed((done) => port.sync(bad, done))).toMatchObject({ code: "EBADF" });
  expect(await failed((done) => port.zero(bad, 0, 10, done))).toMatchObject({ code: "EBADF" });
  expect(await failed((done) => port.syncDir(join(dir, "none"), done))).toMatchObject({
    code: "ENOENT",
  });
});
