import { assert } from "../../lib/assert.ts";
import { asNode, GROUP_1 } from "../../lib/ids.ts";
import type { Prng } from "../../lib/prng.ts";
import type { Message } from "../../raft/types.ts";
import { ByteWriter } from "../../wire/bytes.ts";
import { FrameReader } from "../../wire/frame.ts";
import { readMessage, writeMessage } from "../../wire/raft-codec.ts";
import { EVENT, type World } from "../world.ts";

/** A local network: every message takes so long, in any weather. */
const DELAY_MS_MIN = 0.1;
const DELAY_MS_MAX = 0.4;
/** Unreliable, as in labrpc. */
const REQUEST_DELAY_MS_MAX = 26;
const LOSS = 0.1;
/** LongReordering, as in labrpc: 200 ms and up to 2 s more. */
const HELD_SHARE = 2 / 3;
const HELD_MS_MIN = 200;
const HELD_MS_MORE = 2_000;
/** A call to a server that cannot be reached fails within this. */
const UNREACHABLE_MS_MAX = 7_000;

/** More read rounds than a term has. */
const ROUNDS_MAX = 1e6;

export type Weather = {
  /** Requests take 0 to 26 ms more; 1 request in 10 is lost, and 1 reply in 10. */
  readonly unreliable: boolean;
  /** 2 replies in 3 come 200 to 2200 ms late. */
  readonly longReordering: boolean;
  /** Share of the messages that arrive a second time, up to 100 ms later. No lab does this. */
  readonly duplicate: number;
};

export const FAIR: Weather = { unreliable: false, longReordering: false, duplicate: 0 };

const REPLIES: ReadonlySet<Message["kind"]> = new Set([
  "voteResponse",
  "appendResponse",
  "heartbeatResponse",
  "snapshotResponse",
] satisfies Message["kind"][]);

type Wired = { hears: boolean; isHeard: boolean; side: number };

/** What the labs count. A request and its reply are one RPC; bytes are those of both, as frames. */
export type Counters = {
  rpcs: number;
  bytes: number;
  /** By node id: requests it sent. */
  readonly rpcsOf: number[];
  /** By sender × 256 + receiver; without those that confirm a read, which come with the reads. */
  readonly heartbeats: Map<number, number>;
};

/**
 * The network of the MIT labs (labrpc): it knows requests from replies, and servers are plugged in
 * and out as a whole. Messages cross as encoded frames. Each directed link has a random stream.
 */
export class LabNetwork {
  weather: Weather = FAIR;
  readonly counters: Counters;
  readonly #world: World;
  readonly #streams = new Map<number, Prng>();
  readonly #wires: Wired[] = [];
  readonly #prng: Prng;
  readonly #isUp: (id: number) => boolean;
  readonly #deliver: (message: Message) => void;
  readonly #onUnreachable: (from: number, to: number) => void;
  readonly #failing = new Set<number>();
  /** By link: the term and read round of its last heartbeat. */
  readonly #rounds = new Map<number, number>();
  readonly #writer = new ByteWriter();

  constructor(
    world: World,
    servers: number,
    prng: Prng,
    ports: {
      isUp(id: number): boolean;
      deliver(message: Message): void;
      /** A call from one server to another has failed. */
      onUnreachable(from: number, to: number): void;
    },
  ) {
    this.#world = world;
    this.#prng = prng;
    this.#isUp = ports.isUp;
    this.#deliver = ports.deliver;
    this.#onUnreachable = ports.onUnreachable;
    for (let id = 0; id <= servers; id++) this.#wires.push({ hears: true, isHeard: true, side: 0 });
    const rpcsOf = this.#wires.map(() => 0);
    this.counters = { rpcs: 0, bytes: 0, rpcsOf, heartbeats: new Map() };
  }

  /** `hears`: messages reach it; `isHeard`: its messages leave. A lab knows only both or none. */
  plug(id: number, hears: boolean, isHeard: boolean): void {
    const wired = this.#wires[id]!;
    wired.hears = hears;
    wired.isHeard = isHeard;
  }

  /** These servers hear each other only, and the others hear the others only. None: all hear all. */
  split(ids: readonly number[]): void {
    for (const [id, wired] of this.#wires.entries()) wired.side = ids.includes(id) ? 1 : 0;
  }

  isConnected(id: number): boolean {
    return this.#wires[id]!.hears && this.#wires[id]!.isHeard;
  }

  send(message: Message): void {
    const { from, to, kind } = message;
    const isRequest = !REPLIES.has(kind);
    const bytes = this.#encode(message);
    this.#count(message, bytes.length, isRequest);
    if (!this.#reaches(from, to)) {
      if (isRequest) this.#fail(from, to);
      return;
    }
    const random = this.#stream(from, to);
    const { unreliable, longReordering, duplicate } = this.weather;
    if (unreliable && random.chance(LOSS)) return;
    let delay = DELAY_MS_MIN + random.float() * (DELAY_MS_MAX - DELAY_MS_MIN);
    if (unreliable && isRequest) delay += random.float() * REQUEST_DELAY_MS_MAX;
    if (longReordering && !isRequest && random.chance(HELD_SHARE)) {
      delay += HELD_MS_MIN + random.below(1 + random.below(HELD_MS_MORE));
    }
    this.#arriveAfter(delay, bytes, from, to);
    if (duplicate > 0 && random.chance(duplicate)) {
      this.#arriveAfter(delay + random.float() * 100, bytes, from, to);
    }
  }

  /** One server's messages reach the other, if it runs. */
  #reaches(from: number, to: number): boolean {
    const [sender, receiver] = [this.#wires[from]!, this.#wires[to]!];
    const isOpen = sender.isHeard && receiver.hears && sender.side === receiver.side;
    return isOpen && this.#isUp(to);
  }

  #arriveAfter(delay: number, bytes: Uint8Array, from: number, to: number): void {
    this.#world.at(this.#world.now + delay, EVENT.frame, to, () => {
      if (this.#reaches(from, to)) this.#deliver(decode(bytes, from, to));
    });
  }

  /** A caller has one failed call to hear of at a time: as many as there are tell it no more. */
  #fail(from: number, to: number): void {
    const key = keyOf(from, to);
    if (this.#failing.has(key)) return;
    this.#failing.add(key);
    const delay = this.#stream(from, to).float() * UNREACHABLE_MS_MAX;
    this.#world.at(this.#world.now + delay, EVENT.unreachable, from, () => {
      this.#failing.delete(key);
      this.#onUnreachable(from, to);
    });
  }

  #count(message: Message, size: number, isRequest: boolean): void {
    const { counters } = this;
    const { from, to, kind, term } = message;
    counters.bytes += size;
    if (!isRequest) return;
    counters.rpcs++;
    counters.rpcsOf[from]!++;
    if (kind !== "heartbeat") return;
    const key = keyOf(from, to);
    const round = term * ROUNDS_MAX + message.readSeq;
    const confirmsRead = message.readSeq > 0 && this.#rounds.get(key) !== round;
    this.#rounds.set(key, round);
    if (!confirmsRead) counters.heartbeats.set(key, (counters.heartbeats.get(key) ?? 0) + 1);
  }

  #encode(message: Message): Uint8Array {
    const writer = this.#writer;
    writer.offset = 0;
    writeMessage(writer, message, GROUP_1);
    return writer.written().slice();
  }

  #stream(from: number, to: number): Prng {
    const key = keyOf(from, to);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      this.#streams.set(key, (stream = this.#prng.fork(`link ${from} to ${to}`)));
    }
    return stream;
  }
}

const keyOf = (from: number, to: number): number => from * 256 + to;

function decode(bytes: Uint8Array, from: number, to: number): Message {
  let message: Message | null = null;
  new FrameReader().push(bytes, (frame) => {
    message = readMessage(frame, asNode(to), asNode(from));
  });
  assert(message !== null, "a frame that is cut short");
  return message;
}
