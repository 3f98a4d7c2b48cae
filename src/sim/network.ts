import { BACKLOG_BYTES_MAX, LinkFaults } from "../fault/link-faults.ts";
import { LinkTable, linksOf, overBase } from "../fault/link-table.ts";
import { type FrameMeaning, TermWatch } from "../fault/message-rules.ts";
import type { Link } from "../fault/resolve.ts";
import type { LinkState } from "../fault/vocabulary.ts";
import { assert, broken } from "../lib/assert.ts";
import { asGroup, asNode, GROUP_1, type GroupId } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { Message } from "../raft/types.ts";
import { ByteWriter } from "../wire/bytes.ts";
import { type Frame, FrameReader } from "../wire/frame.ts";
import { readMessage, writeMessage } from "../wire/raft-codec.ts";
import type { FrameFate, SimObserver } from "./api.ts";
import { Slab } from "./slab.ts";
import { EVENT, type World } from "./world.ts";

/** A frame that was sent. */
type Flight = {
  readonly id: number;
  readonly message: Message;
  readonly bytes: Uint8Array;
  /** Which one of its link, from 0. */
  readonly number: number;
  readonly sentMs: number;
};

type SimLink = Link & {
  readonly faults: LinkFaults;
  /** Goes up with each cut and each reset: a frame that was under way then is gone. */
  epoch: number;
  /** The connection is half open: what is sent on it arrives nowhere. */
  deaf: boolean;
  /** What waits for a clogged link, and its size. */
  kept: Flight[];
  keptBytes: number;
  /** Frames offered to it so far. */
  offered: number;
  /** By number of the frame: when its copies arrive, whatever chance says. */
  readonly fates: Map<number, readonly number[]>;
};

type Received = { readonly message: Message; readonly group: GroupId };

const CRC_AT = 4;
const ALIVE_BYTES = 24;

/**
 * The links between nodes. Every message is encoded as on a real link, the frame meets the same
 * LinkFaults as in a proxy, and what arrives is decoded anew. Each directed link has its own random
 * stream, so what happens on one shifts nothing on another.
 */
export class SimNetwork {
  readonly #world: World;
  readonly #deliver: (message: Message, group: GroupId) => void;
  readonly #observe: SimObserver | null;
  readonly #links = new Map<number, SimLink>();
  /** What faults are on the links; `changed` puts it in force. */
  readonly table: LinkTable;
  readonly ids: readonly number[];
  #base: LinkState;
  readonly #writer = new ByteWriter();
  readonly #slab = new Slab();
  readonly #reader = new FrameReader();
  frames = 0;
  /** Of the frames. */
  bytes = 0;
  lost = 0;

  constructor(
    world: World,
    ids: readonly number[],
    base: LinkState,
    prng: Prng,
    deliver: (message: Message, group: GroupId) => void,
    observe: SimObserver | null,
  ) {
    this.#world = world;
    this.ids = ids;
    this.#base = base;
    this.#deliver = deliver;
    this.#observe = observe;
    this.table = new LinkTable(ids);
    const terms = new TermWatch();
    for (const { from, to } of this.table.settings) {
      const faults = new LinkFaults(prng.fork(`link ${from} to ${to}`), terms);
      const kept = { kept: [], keptBytes: 0 };
      const link = { from, to, faults, epoch: 0, deaf: false, offered: 0, fates: new Map() };
      this.#links.set(keyOf(from, to), { ...link, ...kept });
    }
    this.changed();
  }

  send(message: Message, group: GroupId = GROUP_1): void {
    const { from, to } = message;
    const link = this.#links.get(keyOf(from, to));
    if (link === undefined) broken(`node ${from} sends to ${to}`);
    const writer = this.#writer;
    writer.offset = 0;
    writeMessage(writer, message, group);
    this.bytes += writer.offset;
    const sentMs = this.#world.now;
    const head = { id: this.frames++, message, number: link.offered++, sentMs };
    this.#observe?.(sentMs, { kind: "send", id: head.id, message });
    const { faults } = link;
    if (link.deaf) {
      this.#lose(head);
    } else if (faults.clogged) {
      if (link.keptBytes + writer.offset > BACKLOG_BYTES_MAX) return this.#lose(head);
      link.keptBytes += writer.offset;
      link.kept.push({ ...head, bytes: this.#slab.copy(writer) });
    } else {
      const arrivals = this.#arrivals(link, head, writer.offset);
      if (arrivals.length === 0) this.#lose(head);
      else this.#carry(link, { ...head, bytes: this.#slab.copy(writer) }, arrivals);
    }
  }

  /** A sign of life of `from` (replica/liveness.ts), which meets the same faults as a small frame. Not kept where it is clogged. */
  alive(from: number, to: number, arrive: () => void): void {
    const link = this.#links.get(keyOf(from, to))!;
    const { epoch, faults } = link;
    if (link.deaf || faults.clogged) return;
    for (const at of faults.offer(this.#world.now, ALIVE_BYTES, null)) {
      this.#world.at(at, EVENT.frame, to, () => link.epoch === epoch && arrive());
    }
  }

  /** Nothing gets through from `from` to `to`. */
  isCut(from: number, to: number): boolean {
    return this.#links.get(keyOf(from, to))?.faults.cut ?? false;
  }

  /** Settles what becomes of a frame before it is sent. */
  fate({ from, to, frame, arrivesMs }: FrameFate): void {
    this.#links.get(keyOf(from, to))?.fates.set(frame, arrivesMs);
  }

  cut(links: readonly Link[]): void {
    this.table.cut(links);
    this.changed();
  }

  /**
   * Ends every connection on the links of `nodes`, with what is under way on it, and returns those
   * links: their ends are told. Or, half open, lets them carry nothing more, and nobody is told.
   */
  breakLinks(how: "reset" | "halfOpen", nodes: readonly number[]): readonly Link[] {
    const links = linksOf(nodes, [...this.#links.values()]);
    for (const link of links) {
      link.epoch++;
      this.#loseKept(link);
      link.deaf = how === "halfOpen";
      link.faults.reconnect();
    }
    return links;
  }

  /** A node that starts has new connections to its peers. */
  started(node: number): void {
    for (const link of this.#links.values()) if (link.from === node) link.deaf = false;
  }

  /** Lifts all faults. Connections that are half open give way to new ones. */
  heal(): void {
    this.table.heal();
    for (const link of this.#links.values()) link.deaf = false;
    this.changed();
  }

  /**
   * Lifts all faults for good, with new connections: what is still under way on the old ones arrives
   * when it does (seconds late, of a link that was slow), and nothing waits for it.
   */
  renew(base: LinkState): void {
    this.#base = base;
    this.heal();
    for (const { faults } of this.#links.values()) faults.reconnect();
  }

  /** What a link does is what every link does, and what the faults on it add. */
  changed(): void {
    for (const { from, to, state } of this.table.settings) {
      const link = this.#links.get(keyOf(from, to))!;
      if (state.cut && !link.faults.cut) {
        link.epoch++;
        this.#loseKept(link);
      }
      link.faults.set(overBase(this.#base, state));
      if (!link.faults.clogged && link.kept.length > 0) this.#unclog(link);
    }
  }

  /** When the copies of a frame arrive. */
  #arrivals(
    { faults, fates }: SimLink,
    { number, message, sentMs }: Omit<Flight, "bytes">,
    bytes: number,
  ): readonly number[] {
    const { now } = this.#world;
    const fate = fates.size > 0 ? fates.get(number) : undefined;
    if (fate !== undefined && !faults.cut) {
      return fate.map((afterMs) => Math.max(now, sentMs + afterMs));
    }
    return faults.offer(now, bytes, faults.asksMeaning ? meaningOf(message) : null);
  }

  #carry(link: SimLink, { id, message, bytes }: Flight, arrivals: readonly number[]): void {
    const { epoch, from, to } = link;
    const arrive = (): void => {
      if (link.epoch !== epoch) return this.#lose({ id, message });
      this.#world.trace.mix(crcOf(bytes));
      const received = this.#decode(bytes, from, to);
      this.#observe?.(this.#world.now, { kind: "deliver", id, message: received.message });
      this.#deliver(received.message, received.group);
    };
    for (const at of arrivals) this.#world.at(at, EVENT.frame, to, arrive);
  }

  /** Everything that a clogged link kept is on its way now, in order. */
  #unclog(link: SimLink): void {
    const { kept } = link;
    link.kept = [];
    link.keptBytes = 0;
    for (const flight of kept) {
      const arrivals = this.#arrivals(link, flight, flight.bytes.length);
      if (arrivals.length === 0) this.#lose(flight);
      else this.#carry(link, flight, arrivals);
    }
  }

  #loseKept(link: SimLink): void {
    for (const flight of link.kept) this.#lose(flight);
    link.kept = [];
    link.keptBytes = 0;
  }

  #lose({ id, message }: Pick<Flight, "id" | "message">): void {
    this.lost++;
    this.#observe?.(this.#world.now, { kind: "lost", id, message });
  }

  /** A frame arrives whole, so one reader serves all links. */
  #decode(bytes: Uint8Array, from: number, to: number): Received {
    let received: Received | null = null;
    this.#reader.push(bytes, (frame: Frame) => {
      const message = readMessage(frame, asNode(to), asNode(from));
      received = { message, group: asGroup(frame.group) };
    });
    assert(received !== null, "a frame that is cut short");
    return received;
  }
}

const meaningOf = (message: Message): FrameMeaning => ({
  message: message.kind,
  term: message.term,
  pre: "pre" in message && message.pre,
});

const keyOf = (from: number, to: number): number => from * 256 + to;

const crcOf = (frame: Uint8Array): number =>
  frame[CRC_AT]! |
  (frame[CRC_AT + 1]! << 8) |
  (frame[CRC_AT + 2]! << 16) |
  (frame[CRC_AT + 3]! << 24);
