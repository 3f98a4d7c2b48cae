import type { DiskFault, PowerLossKeeps } from "../fault/vocabulary.ts";
import { unreachable } from "../lib/assert.ts";
import { Prng } from "../lib/prng.ts";
import type { FilePort } from "../storage/file-port.ts";
import { VolatileDisk } from "../storage/volatile-disk.ts";
import { diskPort } from "./disk.ts";
import { onOrders } from "./orders.ts";

/** Faults that last: a node that starts under them has them from its first operation on. */
export type LastingFaults = {
  readonly failing: "write" | "sync" | null;
  readonly full: boolean;
};

/** What a node is started with (runtime/node.ts) to have such a disk. */
export type FaultyDiskSpec = LastingFaults & {
  /** Of what a power loss keeps. */
  readonly seed: number;
};

/**
 * How long a sync takes at least and at most. A disk without a cache of its own takes so long; the
 * longer it is, the more is acknowledged too early, and lost with the power, by a node that does not
 * wait for it.
 */
const SYNC_MS = { min: 2, max: 6 };

type WithoutNodes<T> = T extends unknown ? Omit<T, "nodes"> : never;

export type DiskOrder =
  WithoutNodes<Exclude<DiskFault, { kind: "bitFlip" }>> | { readonly kind: "heal" };

/**
 * The disk of a node in a chaos run: what was not synced is lost with the process, and the parent
 * orders faults over the pipe. Only a node that is started for that loads this file.
 *
 * A stalled disk answers nothing: what runs away from the event loop waits, and a sync that the node
 * waits for on the spot (Wal.commit of a small record) stops the whole process for the rest of the
 * stall, as a real one would. Orders that come meanwhile, `heal` too, are obeyed after it.
 */
export function openFaultyDisk(spec: FaultyDiskSpec): FilePort {
  const prng = new Prng(spec.seed);
  const latency = prng.fork("latency");
  const disk = new VolatileDisk(diskPort(), {
    prng,
    later: (operation, _bytes, work) => {
      if (operation === "sync") setTimeout(work, latency.between(SYNC_MS.min, SYNC_MS.max));
      else setImmediate(work);
    },
  });
  disk.failing = spec.failing;
  disk.full = spec.full;
  const stall = new Stall(disk);
  disk.onPoint = (point) => {
    if (point === "sync" || point === "syncDir") stall.blockThread();
  };
  onOrders<DiskOrder>("disk", (order) => obey(disk, stall, order));
  return disk;
}

function obey(disk: VolatileDisk, stall: Stall, order: DiskOrder): void {
  switch (order.kind) {
    case "powerLoss":
      return losePower(disk, order.keeps);
    case "diskStall":
      stall.begin(order.ms);
      break;
    case "diskError":
      disk.failing = order.operation;
      break;
    case "diskFull":
      disk.full = true;
      break;
    case "heal":
      disk.failing = null;
      disk.full = false;
      stall.end();
      break;
    default:
      return unreachable(order);
  }
}

/** Nothing of this process acts after it: no frame leaves, no reply, no log line. */
function losePower(disk: VolatileDisk, keeps: PowerLossKeeps): void {
  disk.losePower(keeps);
  process.kill(process.pid, "SIGKILL");
}

class Stall {
  readonly #disk: VolatileDisk;
  #untilMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(disk: VolatileDisk) {
    this.#disk = disk;
  }

  begin(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, performance.now() + ms);
    this.#disk.stall();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), Math.ceil(this.#untilMs - performance.now()));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#untilMs = 0;
    this.#disk.resume();
  }

  /** Waits for the end of a stall without letting anything else happen. */
  blockThread(): void {
    const restMs = this.#untilMs - performance.now();
    if (restMs > 0) Bun.sleepSync(restMs);
  }
}
