import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { asNode, GROUP_1, type GroupId } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { Restored, SnapshotMeta } from "../raft/api.ts";
import type { DurableWrite } from "../replica/ports.ts";
import type { LogStorage, SegmentSizes } from "../storage/log-storage.ts";
import { flipBits } from "../storage/flip-bits.ts";
import { PlainDisk } from "../storage/plain-disk.ts";
import { recover } from "../storage/recovery.ts";
import { type FileSnapshots, openSnapshots, type StateLoader } from "../storage/snapshot-files.ts";
import type { SnapshotStorage } from "../storage/snapshot-storage.ts";
import { type DiskPoint, VolatileDisk } from "../storage/volatile-disk.ts";
import { isSpare } from "../storage/segment.ts";
import { openWal } from "../storage/wal.ts";
import type { DiskSpeed } from "./api.ts";
import { EVENT, type World } from "./world.ts";

export const CLUSTER_ID = "simulated";
const WAL_DIR = "/data/wal";
const SNAPSHOT_DIR = "/data/snapshots";

export type NodeStorageOptions = {
  readonly world: World;
  readonly node: number;
  readonly prng: Prng;
  readonly speed: DiskSpeed;
  readonly segments: SegmentSizes;
  readonly syncNowBytesMax: number;
  /** Runs what the disk brings about, when the process next runs. Not called once it has ended. */
  readonly run: (work: () => void) => void;
  /** The log could not write: ends the process (`kill`) if it has not ended, and never returns. */
  readonly onFatal: () => never;
  /** A snapshot of the node's own state, or of its leader's, is durable; nobody knows of it yet. */
  readonly onSnapshot: (meta: SnapshotMeta, installed: boolean, group: GroupId) => void;
  /** As VolatileDisk.onPoint. */
  readonly onPoint: (point: DiskPoint, path: string) => void;
};

/** What a process finds of a group when it starts. */
export type OpenedGroup = {
  /** Null: nothing was ever written. */
  readonly restored: Restored | null;
  readonly snapshots: SnapshotStorage;
};

/** What a process finds when it starts. */
export type OpenedStorage = OpenedGroup & {
  /** Of a last record that was never durable, and was cut off. */
  readonly tornBytes: number;
};

/** Of one process: what it has open, and what it waits for. */
type Life = {
  readonly wal: LogStorage;
  readonly snapshots: ReadonlyMap<GroupId, FileSnapshots>;
};

const snapshotDir = (group: GroupId): string =>
  group === GROUP_1 ? SNAPSHOT_DIR : `${SNAPSHOT_DIR}-${group}`;

/**
 * The storage of one simulated node, in virtual time: the very WAL and snapshot files of a real node
 * on a machine whose page cache does not outlive its power (storage/volatile-disk.ts). A process
 * opens it and ends by `kill` (the machine goes on, and keeps what was written) or by `losePower`
 * (the disk keeps what was synced, and as much else as chance says).
 */
export class NodeStorage {
  readonly #options: NodeStorageOptions;
  readonly #prng: Prng;
  /** What outlives a loss of power. */
  #platter = new PlainDisk();
  #disk: VolatileDisk;
  #life: Life | null = null;
  /** Goes up with the end of each process: what it waited for does not come any more. */
  #epoch = 0;
  #speed: DiskSpeed;
  #stalledUntil = 0;
  #held: (() => void)[] = [];
  #failing: "write" | "sync" | null = null;
  #full = false;
  #wiped = false;
  #flipped = false;

  constructor(options: NodeStorageOptions) {
    this.#options = options;
    this.#prng = options.prng;
    this.#speed = options.speed;
    this.#disk = this.#powerUp();
  }

  /** Whether what was durable was lost: as a node's real directory that was deleted. */
  get wiped(): boolean {
    return this.#wiped;
  }

  /** Bits were flipped since the last wipe: the node may refuse to start, for ever. */
  get flipped(): boolean {
    return this.#flipped;
  }

  /** Bytes of the newest snapshot of the process that runs; 0: there is none. */
  get snapshotBytes(): number {
    return this.#life?.snapshots.get(GROUP_1)?.newest?.totalBytes ?? 0;
  }

  /**
   * Opens what a process finds, and loads its newest snapshot into `begin()`. Throws StorageError when
   * it is damaged, and errors of the disk (EIO, ENOSPC) as they come.
   */
  open(begin: () => StateLoader): OpenedStorage {
    const { groups, tornBytes } = this.openGroups([GROUP_1], begin);
    return { ...groups.get(GROUP_1)!, tornBytes };
  }

  /** As `open`, of a process that has many groups in one log. */
  openGroups(
    ids: readonly GroupId[],
    begin: (group: GroupId) => StateLoader,
  ): { readonly groups: ReadonlyMap<GroupId, OpenedGroup>; readonly tornBytes: number } {
    const { world, node, onFatal, segments, syncNowBytesMax } = this.#options;
    if (!this.#disk.hasPower) this.#disk = this.#powerUp();
    const identity = { clusterId: CLUSTER_ID, nodeId: asNode(node) };
    const shared = { port: this.#disk, identity, now: () => world.now };
    const snapshots = new Map<GroupId, FileSnapshots>();
    const newest = new Map<GroupId, SnapshotMeta>();
    for (const id of ids) {
      const opened = openSnapshots({ ...shared, dir: snapshotDir(id) }, () => begin(id));
      snapshots.set(id, opened.snapshots);
      const meta = opened.snapshots.newest?.meta;
      if (meta !== undefined) newest.set(id, meta);
    }
    const { wal, groups, report } = openWal({
      ...shared,
      dir: WAL_DIR,
      segmentSizes: segments,
      syncNowBytesMax,
      onFatal,
      snapshots: newest,
    });
    this.#life = { wal, snapshots };
    const found = ids.map((id): [GroupId, OpenedGroup] => [
      id,
      { restored: groups.get(id) ?? null, snapshots: this.#told(snapshots.get(id)!, id) },
    ]);
    return { groups: new Map(found), tornBytes: report?.tornBytes ?? 0 };
  }

  /** Calls `durable` when it, and all before it, would survive a loss of power. */
  persist(
    write: DurableWrite,
    durable: (writeSeq: number) => void,
    group: GroupId = GROUP_1,
  ): void {
    const epoch = this.#epoch;
    this.#life?.wal.append(group, write, (writeSeq) => {
      if (epoch === this.#epoch) durable(writeSeq);
    });
  }

  /** Starts to write what `persist` gave it. */
  commit(): void {
    this.#life?.wal.commit();
  }

  /** The process ends; what it wrote stays in the page cache of the machine. */
  kill(): void {
    this.#epoch++;
    this.#life = null;
    this.#held = [];
  }

  /**
   * The machine loses its power, and with it, but for what `keeps` says, all that was not synced.
   * Another `draw`, another choice of what is kept.
   */
  losePower(keeps: PowerLossKeeps, draw = 0): void {
    this.kill();
    for (let i = 0; i < draw; i++) this.#prng.float();
    this.#disk.losePower(keeps);
  }

  /** A new, empty disk; and with the old one goes what the node has promised. */
  wipe(): void {
    this.kill();
    this.#wiped = true;
    this.#flipped = false;
    this.#platter = new PlainDisk();
    this.#disk = this.#powerUp();
  }

  setSpeed(speed: DiskSpeed): void {
    this.#speed = speed;
  }

  /** Whatever runs away from the event loop ends only after so long, virtual ms. */
  stall(ms: number): void {
    const { world, node } = this.#options;
    const until = world.now + ms;
    if (until <= this.#stalledUntil) return;
    this.#stalledUntil = until;
    world.at(until, EVENT.disk, node, () => {
      if (this.#stalledUntil === until) this.#release();
    });
  }

  /** EIO from every such operation. */
  fail(operation: "write" | "sync"): void {
    this.#failing = this.#disk.failing = operation;
  }

  /** ENOSPC from whatever takes space. */
  fill(): void {
    this.#full = this.#disk.full = true;
  }

  /** Ends stalls, errors and fullness. */
  heal(): void {
    this.#failing = this.#disk.failing = null;
    this.#full = this.#disk.full = false;
    this.#release();
  }

  /** Sets `bits` bits the other way in what the files of a node that is down hold. */
  flipBits(bits: number): void {
    // A machine with a page cache would not see it.
    this.losePower("nothing");
    // Nobody reads a spare.
    const read = [...this.#platter.files()].filter(([path]) => !isSpare(path));
    const files = read.map(([, bytes]) => bytes);
    if (flipBits(files, bits, this.#prng).length > 0) this.#flipped = true;
  }

  /** What a process would find after a loss of power now that keeps nothing. Reads all files. */
  durable(): Restored | null {
    const newest = this.#life?.snapshots.get(GROUP_1)?.newest?.meta;
    const identity = { clusterId: CLUSTER_ID, nodeId: asNode(this.#options.node) };
    const snapshots = newest === undefined ? new Map() : new Map([[GROUP_1, newest]]);
    const copy = new PlainDisk(this.#platter.files());
    const port = new VolatileDisk(copy, { prng: this.#prng, later: () => {} });
    return recover(port, WAL_DIR, identity, snapshots).groups.get(GROUP_1) ?? null;
  }

  #powerUp(): VolatileDisk {
    const disk = new VolatileDisk(this.#platter, {
      prng: this.#prng,
      later: (_operation, _bytes, work) => this.#later(work),
    });
    disk.failing = this.#failing;
    disk.full = this.#full;
    disk.onPoint = this.#options.onPoint;
    return disk;
  }

  /** Runs `work` after as long as the disk takes, unless the process has ended before. */
  #later(work: () => void): void {
    const { world, node, run } = this.#options;
    const { latencyMs, jitterMs } = this.#speed;
    const epoch = this.#epoch;
    const at = world.now + latencyMs + this.#prng.float() * jitterMs;
    world.at(at, EVENT.disk, node, () => {
      if (epoch !== this.#epoch) return;
      if (world.now < this.#stalledUntil) this.#held.push(work);
      else run(work);
    });
  }

  #release(): void {
    this.#stalledUntil = 0;
    const held = this.#held;
    this.#held = [];
    const epoch = this.#epoch;
    for (const work of held) if (epoch === this.#epoch) this.#options.run(work);
  }

  /** The snapshots, with `onSnapshot` told before the replica is. */
  #told(kept: FileSnapshots, group: GroupId): SnapshotStorage {
    const { onSnapshot } = this.#options;
    return {
      get newest() {
        return kept.newest;
      },
      begin(meta) {
        const sink = kept.begin(meta);
        return {
          write: (bytes, done) => sink.write(bytes, done),
          finish: (done) =>
            sink.finish((error) => {
              if (error === null) onSnapshot(meta, false, group);
              done(error);
            }),
          abandon: () => sink.abandon(),
        };
      },
      receive(meta, totalBytes, state) {
        const receiver = kept.receive(meta, totalBytes, state);
        return {
          write: (data) => receiver.write(data),
          finish: (done) =>
            receiver.finish((problem) => {
              if (problem === null) onSnapshot(meta, true, group);
              done(problem);
            }),
          abandon: () => receiver.abandon(),
        };
      },
      read: (lastIndex, offset, bytesMax, done) => kept.read(lastIndex, offset, bytesMax, done),
    };
  }
}
