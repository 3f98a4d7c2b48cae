import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PowerLossKeeps } from "../fault/vocabulary.ts";
import { Prng } from "../lib/prng.ts";
import type { DiskOrder, FaultyDiskSpec, LastingFaults } from "../runtime/faulty-disk.ts";
import type { Order } from "../runtime/orders.ts";
import { EXIT_USAGE } from "../lib/user-error.ts";
import { isSpare } from "../storage/segment.ts";
import type { ChildEnd, LocalChild } from "./local-child.ts";

/** As runtime/node.ts ends when its disk fails. */
const EXIT_SOFTWARE = 70;
const SOUND: LastingFaults = { failing: null, full: false };
/** A node that hangs, in a stall of its disk say, may not hear that it has lost its power. */
const POWER_LOSS_WITHIN_MS = 5_000;
/** The folders of a node's directory that hold what it must not lose. */
const DATA_DIRS = ["wal", "snapshots"];

/** A fault of the disk below a node that runs on. */
export type LastingOrder = Extract<DiskOrder, { kind: "diskStall" | "diskError" | "diskFull" }>;

/**
 * The faulty disks below the nodes of a local cluster: what is to be wrong with each now, across the
 * lives of its node. Orders reach a running node over its pipe (runtime/faulty-disk.ts).
 */
export class LocalDisks {
  readonly #prng: Prng;
  readonly #lasting = new Map<number, LastingFaults>();
  /** Nodes whose disks have failed since their processes began. */
  readonly #hit = new Set<number>();
  /** Nodes whose files were changed behind their backs. */
  readonly #damaged = new Set<number>();
  #orderNext = 1;

  constructor(seed: number) {
    this.#prng = new Prng(seed).fork("disks");
  }

  /** What the next process of the node is started with. */
  specFor(id: number): FaultyDiskSpec {
    const lasting = this.#lasting.get(id) ?? SOUND;
    if (lasting === SOUND) this.#hit.delete(id);
    return { ...lasting, seed: this.#prng.u32() };
  }

  /** Resolves once the fault is in force, or the node has ended. */
  async begin(id: number, node: LocalChild, order: LastingOrder): Promise<void> {
    if (order.kind !== "diskStall") {
      const before = this.#lasting.get(id) ?? SOUND;
      const now = order.kind === "diskFull" ? { full: true } : { failing: order.operation };
      this.#lasting.set(id, { ...before, ...now });
      this.#hit.add(id);
    }
    await this.#ask(node, order);
  }

  /**
   * Lifts all that lasts. Resolves once it is lifted: a node that its stalled disk has stopped hears of
   * it when the stall is over, and one that is paused when it is resumed, which is not waited for.
   */
  async heal(id: number, node: LocalChild | undefined): Promise<void> {
    this.#lasting.delete(id);
    if (node?.running !== true) return;
    const healed = this.#ask(node, { kind: "heal" });
    if (!node.paused) await healed;
  }

  /** SIGKILL by its own hand, after its disk has kept what it is to keep; a paused one keeps nothing. */
  async losePower(node: LocalChild, keeps: PowerLossKeeps): Promise<void> {
    await node.killedBy(
      this.#order({ kind: "powerLoss", keeps }),
      node.paused ? 0 : POWER_LOSS_WITHIN_MS,
    );
  }

  /** Flips random bits of a stopped node's log and snapshots. `dir` is the node's own. */
  flipBits(id: number, dir: string, bits: number): void {
    // Nobody reads a spare.
    const files = DATA_DIRS.flatMap((name) => filesIn(join(dir, name))).filter(
      (path) => !isSpare(path),
    );
    const contents = files.map((path) => ({ path, bytes: readFileSync(path) }));
    const total = contents.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (total === 0) return;
    this.#damaged.add(id);
    for (let n = 0; n < bits; n++) {
      let at = this.#prng.below(total);
      const hit = contents.find(({ bytes }) => at < bytes.length || ((at -= bytes.length), false))!;
      hit.bytes[at]! ^= 1 << this.#prng.below(8);
    }
    for (const { path, bytes } of contents) writeFileSync(path, bytes);
  }

  /** Whether the node ended, or did not start, because its disk fails, as a node has to. */
  wasEndedByDisk(id: number, { exitCode, said }: ChildEnd): boolean {
    if (!this.#hit.has(id)) return false;
    if (exitCode === EXIT_USAGE) return said.includes("no space left");
    return exitCode === EXIT_SOFTWARE && /\b(EIO|ENOSPC)\b/.test(said);
  }

  /** Whether a node that does not start has a good reason: its data are not what it wrote. */
  mayRefuse(id: number): boolean {
    return this.#damaged.has(id);
  }

  async #ask(node: LocalChild, order: DiskOrder): Promise<void> {
    await node.ask(this.#order(order));
  }

  #order(order: DiskOrder): Order<DiskOrder> {
    return { id: this.#orderNext++, part: "disk", ...order };
  }
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
  } catch {
    return []; // A node that crashed before it made it.
  }
}
