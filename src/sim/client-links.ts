import { type Command, commandBytes, writeCommand } from "../kv/command.ts";
import { GROUP_1 } from "../lib/ids.ts";
import type { Prng } from "../lib/prng.ts";
import type { Reply } from "../replica/ports.ts";
import { ByteWriter } from "../wire/bytes.ts";
import { eachRequest, eachResponse, REQUEST_HEADER_BYTES, type Response } from "../wire/client.ts";
import { writeResponse } from "../wire/client.ts";
import { beginFrame, endFrame, FrameReader } from "../wire/frame.ts";
import { KIND } from "../wire/kinds.ts";
import { Slab } from "./slab.ts";
import { EVENT, type World } from "./world.ts";

/** How long a frame takes between a client and a node: clients are near. */
const DELAY_MS_MIN = 0.05;
const DELAY_MS_MAX = 0.5;

/** What they lead to. */
export type AskedNode = {
  readonly isUp: boolean;
  request(
    client: number,
    requestId: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    group: number,
  ): void;
};

/**
 * The connections between clients and nodes. They carry the real frames; with probability `loss` a
 * frame is lost, as when a connection breaks, and then the client knows nothing.
 */
export class ClientLinks {
  readonly #world: World;
  readonly #nodes: readonly AskedNode[];
  readonly #prng: Prng;
  readonly #onResponse: (
    client: number,
    node: number,
    response: Response,
    body: Uint8Array,
  ) => void;
  readonly #writer = new ByteWriter();
  readonly #slab = new Slab();
  loss: number;

  constructor(
    world: World,
    nodes: readonly AskedNode[],
    prng: Prng,
    loss: number,
    onResponse: (client: number, node: number, response: Response, body: Uint8Array) => void,
  ) {
    this.#world = world;
    this.#nodes = nodes;
    this.#prng = prng;
    this.loss = loss;
    this.#onResponse = onResponse;
  }

  /** False: the node is down, and so is the connection. */
  request(
    id: number,
    client: number,
    requestId: number,
    command: Command,
    group: number = GROUP_1,
  ): boolean {
    const node = this.#nodes[id - 1]!;
    if (!node.isUp) return false;
    const bytes = this.#requestFrame(requestId, command, group);
    this.#carry(EVENT.request, id, () => {
      new FrameReader().push(bytes, (frame) => {
        const { body } = frame;
        eachRequest(body, (_view, request, at, end) =>
          node.request(client, request, body, at, end, frame.group),
        );
      });
    });
    return true;
  }

  reply(id: number, client: number, requestId: number, reply: Reply): void {
    const w = this.#writer;
    w.offset = 0;
    const start = beginFrame(w, KIND.clientResponses, GROUP_1);
    writeResponse(w, requestId, reply);
    endFrame(w, start);
    const bytes = this.#slab.copy(w);
    this.#carry(EVENT.response, client, () => {
      new FrameReader().push(bytes, ({ body }) => {
        eachResponse(body, (response) => this.#onResponse(client, id, response, body));
      });
    });
  }

  #carry(kind: number, who: number, arrive: () => void): void {
    const delay = DELAY_MS_MIN + this.#prng.float() * (DELAY_MS_MAX - DELAY_MS_MIN);
    const isLost = this.loss > 0 && this.#prng.chance(this.loss);
    if (!isLost) this.#world.at(this.#world.now + delay, kind, who, arrive);
  }

  #requestFrame(requestId: number, command: Command, group: number): Uint8Array {
    const size = commandBytes(command.key.length, command.value.length);
    const w = this.#writer;
    w.offset = 0;
    const start = beginFrame(w, KIND.clientRequests, group);
    w.u32(size + REQUEST_HEADER_BYTES - 4);
    w.u32(requestId);
    const bytes = new Uint8Array(size);
    writeCommand(bytes, new DataView(bytes.buffer), 0, command);
    w.bytes(bytes);
    endFrame(w, start);
    return this.#slab.copy(w);
  }
}
