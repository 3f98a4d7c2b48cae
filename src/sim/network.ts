import { LinkFaults } from "../fault/link-faults.ts";
import { LinkTable, type FrameFault } from "../fault/link-table.ts";
import type { Link } from "../fault/resolve.ts";
import type { LinkState } from "../fault/vocabulary.ts";
import { assert } from "../lib/assert.ts";
import { asNode, GROUP_1 } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { Message } from "../raft/types.ts";
import { ByteWriter } from "../wire/bytes.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import { readMessage, writeMessage } from "../wire/raft-codec.ts";
import type { FrameFate, SimObserver } from "./api.ts";
import { Slab } from "./slab.ts";
import { EVENT, type World } from "./world.ts";

type SimLink = {
  readonly faults: LinkFaults;
  /** Goes up with each cut: a frame that was under way then is gone. */
  epoch: number;
  /** Frames offered to it so far. */
  offered: number;
  /** By number of the frame: when its copies arrive, whatever chance says. */
  readonly fates: Map<number, readonly number[]>;
};

const CRC_AT = 4;

/**
 * The links between nodes. Every message is encoded as on a real link, the frame meets the same
 * LinkFaults as in a proxy, and what arrives is decoded anew. Each directed link has its own random
 * stream, so what happens on one shifts nothing on another.
 */
export class SimNetwork {
  readonly #world: World;
  readonly #deliver: (message: Message) => void;
  readonly #observe: SimObserver | null;
  readonly #ids: readonly number[];
  readonly #links = new Map<number, SimLink>();
  readonly #table: LinkTable;
  #base: LinkState;
  readonly #writer = new ByteWriter();
  readonly #slab = new Slab();
  readonly #reader = new FrameReader();
  frames = 0;
  lost = 0;

  constructor(
    world: World,
    ids: readonly number[],
    base: LinkState,
    prng: Prng,
    deliver: (message: Message) => void,
    observe: SimObserver | null,
  ) {
    this.#world = world;
    this.#ids = ids;
    this.#base = base;
    this.#deliver = deliver;
    this.#observe = observe;
    this.#table = new LinkTable(ids);
    for (const { from, to } of this.#table.settings) {
      const faults = new LinkFaults(prng.fork(`link ${from} to ${to}`));
      this.#links.set(keyOf(from, to), { faults, epoch: 0, offered: 0, fates: new Map() });
    }
    this.#apply();
  }

  send(message: Message): void {
    const { from, to } = message;
    const link = this.#links.get(keyOf(from, to));
    assert(link !== undefined, `node ${from} sends to ${to}`);
    const writer = this.#writer;
    writer.offset = 0;
    writeMessage(writer, message, GROUP_1);
    const id = this.frames++;
    const observe = this.#observe;
    observe?.(this.#world.now, { kind: "send", id, message });
    const arrivals = this.#arrivals(link);
    if (arrivals.length === 0) {
      this.lost++;
      observe?.(this.#world.now, { kind: "lost", id, message });
      return;
    }
    const bytes = this.#slab.copy(writer);
    const { epoch } = link;
    const arrive = (): void => {
      if (link.epoch !== epoch) {
        this.lost++;
        observe?.(this.#world.now, { kind: "lost", id, message });
        return;
      }
      this.#world.trace.mix(crcOf(bytes));
      const received = this.#decode(bytes, from, to);
      observe?.(this.#world.now, { kind: "deliver", id, message: received });
      this.#deliver(received);
    };
    for (const at of arrivals) this.#world.at(at, EVENT.frame, to, arrive);
  }

  /** Settles what becomes of a frame before it is sent. */
  fate({ from, to, frame, arrivesMs }: FrameFate): void {
    this.#links.get(keyOf(from, to))?.fates.set(frame, arrivesMs);
  }

  cut(links: readonly Link[]): void {
    this.#table.cut(links);
    this.#apply();
  }

  isolate(nodes: readonly number[], direction: "both" | "in" | "out"): void {
    this.#table.isolate(nodes, direction);
    this.#apply();
  }

  disturb(nodes: readonly number[], fault: FrameFault): void {
    this.#table.disturb(nodes, fault);
    this.#apply();
  }

  /** Lifts all faults. */
  heal(): void {
    this.#table.heal();
    this.#apply();
  }

  /**
   * Lifts all faults for good, with new connections: what is still under way on the old ones arrives
   * when it does (seconds late, of a link that was clogged), and nothing waits for it.
   */
  renew(base: LinkState): void {
    this.#base = base;
    this.heal();
    for (const { faults } of this.#links.values()) faults.reconnect();
  }

  /** When the copies of the frame offered now arrive. */
  #arrivals(link: SimLink): readonly number[] {
    const { now } = this.#world;
    const fate = link.fates.size > 0 ? link.fates.get(link.offered) : undefined;
    link.offered++;
    if (fate === undefined || link.faults.cut) return link.faults.offer(now);
    return fate.map((afterMs) => now + afterMs);
  }

  /** What a link does is what every link does, and what the faults on it add. */
  #apply(): void {
    const base = this.#base;
    for (const { from, to, state } of this.#table.settings) {
      const link = this.#links.get(keyOf(from, to))!;
      if (state.cut && !link.faults.cut) link.epoch++;
      link.faults.set({
        cut: state.cut,
        loss: either(base.loss, state.loss),
        delayMs: base.delayMs + state.delayMs,
        jitterMs: base.jitterMs + state.jitterMs,
        duplicate: either(base.duplicate, state.duplicate),
        reorder: either(base.reorder, state.reorder),
        reorderWithinMs: Math.max(base.reorderWithinMs, state.reorderWithinMs),
      });
    }
  }

  /** A frame arrives whole, so one reader serves all links. */
  #decode(bytes: Uint8Array, from: number, to: number): Message {
    let message: Message | null = null;
    this.#reader.push(bytes, (frame: Frame) => {
      message = readMessage(frame, asNode(to), asNode(from));
    });
    assert(message !== null, "a frame that is cut short");
    return message;
  }

  get ids(): readonly number[] {
    return this.#ids;
  }
}

const keyOf = (from: number, to: number): number => from * 256 + to;

const either = (a: number, b: number): number => a + b - a * b;

const crcOf = (frame: Uint8Array): number =>
  frame[CRC_AT]! |
  (frame[CRC_AT + 1]! << 8) |
  (frame[CRC_AT + 2]! << 16) |
  (frame[CRC_AT + 3]! << 24);
