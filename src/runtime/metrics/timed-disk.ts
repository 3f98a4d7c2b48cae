import type { FilePort } from "../../storage/file-port.ts";
import type { SnapshotStorage } from "../../storage/snapshot-storage.ts";
import type { DiskCounters, NodeCounters } from "./node-counters.ts";

/**
 * The same disk, with what is written counted and each fdatasync timed. The zeros that prepare a
 * segment are no part of it, nor are syncs of directories.
 */
export function timedDisk(port: FilePort, counters: DiskCounters): FilePort {
  const failed = (error: Error | null): void => {
    if (error !== null) counters.failures++;
  };
  const timed = (startedAt: number): void => {
    counters.syncUs.record((performance.now() - startedAt) * 1000);
  };
  // Written out: the ports are classes with private fields, too, whose methods a spread would lose.
  return {
    mkdir: (dir) => port.mkdir(dir),
    list: (dir) => port.list(dir),
    open: (path) => port.open(path),
    create: (path) => port.create(path),
    close: (file) => port.close(file),
    read: (path) => port.read(path),
    readAt: (file, into, position) => port.readAt(file, into, position),
    readLater: (file, into, position, done) => port.readLater(file, into, position, done),
    write: (file, bytes, start, end, position) => {
      counting(counters, () => port.write(file, bytes, start, end, position));
      counters.writtenBytes += end - start;
    },
    writeLater: (file, bytes, position, done) => {
      counters.writtenBytes += bytes.length;
      port.writeLater(file, bytes, position, (error) => {
        failed(error);
        done(error);
      });
    },
    truncate: (file, length) => port.truncate(file, length),
    zero: (file, start, end, done) => port.zero(file, start, end, done),
    sync: (file, done) => {
      const startedAt = performance.now();
      port.sync(file, (error) => {
        failed(error);
        timed(startedAt);
        done(error);
      });
    },
    syncNow: (file) => {
      const startedAt = performance.now();
      counting(counters, () => port.syncNow(file));
      timed(startedAt);
    },
    rename: (from, to) => port.rename(from, to),
    unlink: (path) => port.unlink(path),
    syncDir: (dir, done) => port.syncDir(dir, done),
    syncDirNow: (dir) => port.syncDirNow(dir),
  };
}

function counting(counters: DiskCounters, act: () => void): void {
  try {
    act();
  } catch (error) {
    counters.failures++;
    throw error;
  }
}

/** The same snapshots, with the time from the beginning of one of our own until it is durable. */
export function timedSnapshots(storage: SnapshotStorage, counters: NodeCounters): SnapshotStorage {
  return {
    get newest() {
      return storage.newest;
    },
    begin: (meta) => {
      const startedAt = performance.now();
      const sink = storage.begin(meta);
      return {
        write: (bytes, done) => sink.write(bytes, done),
        finish: (done) =>
          sink.finish((error) => {
            if (error === null) counters.snapshotUs.record((performance.now() - startedAt) * 1000);
            done(error);
          }),
        abandon: () => sink.abandon(),
      };
    },
    receive: (meta, totalBytes, state) => storage.receive(meta, totalBytes, state),
    read: (lastIndex, offset, bytesMax, done) => storage.read(lastIndex, offset, bytesMax, done),
  };
}
