import {
  PlainClerk,
  type PlainClerkOptions,
  type PlainOps,
  type Refusal,
} from "../client/plain-clerk.ts";
import { DONE_MISMATCH, DONE_OK } from "../client/ports.ts";
import { NodeConnections } from "./connected.ts";
import { PipelinedConnection, type PipelinedProtocol } from "./pipelined.ts";
import type { ProtocolClient, StoreClientEvents, StoreClientOptions } from "./store-client.ts";

const ATTEMPT_TIMEOUT_MS = 300;

/** What a connection tells of itself to the client that it belongs to. */
export type ConnectionEvents = {
  readonly clerk: PlainClerk;
  /** It is up. */
  onOpen(): void;
  /** The slot that waits for the reply with this tag, which has come; -1: none does any more. */
  awaiting(tag: number, now: number): number;
  /** The replies of one chunk are through. */
  onChunk(): void;
  /** It has ended: the requests with these tags will have no reply. */
  onClose(tags: readonly number[]): void;
};

/** How a protocol without sessions says the operations of a clerk; `C` is its connection. */
export type SessionlessWire<C> = Pick<PlainClerkOptions, "route"> & {
  /** So many connections to a node are of use. */
  readonly lanesMax: number;
  /** A node that has said nothing for so long is passed over. Default 300. */
  readonly attemptTimeoutMs?: number;
  /** Makes a connection, which comes up by itself. */
  dial(host: string, port: number, events: ConnectionEvents): C;
  /** Sends the slot's operation; its reply will be known by `tag`. False: not connected, and nothing was sent. */
  send(connection: C, tag: number, slot: number, ops: PlainOps): boolean;
  /** Nobody waits for the slot's reply any more. Absent: such a reply is dropped when it comes. */
  cancel?(slot: number): void;
};

/** The client of a system without sessions: a PlainClerk and the connections over which it works. */
export function sessionlessClient<C extends { readonly isOpen: boolean; close(): void }>(
  options: StoreClientOptions,
  events: StoreClientEvents,
  wire: SessionlessWire<C>,
): ProtocolClient {
  const { address, clients, timeoutMs, homeShare, prng } = options;
  const { nodes } = address;
  const { route, attemptTimeoutMs = ATTEMPT_TIMEOUT_MS } = wire;
  const lanes = Math.min(options.connections, wire.lanesMax);
  const clerk = new PlainClerk(
    {
      ...{ slots: clients, nodes: nodes.length, route, timeoutMs, homeShare, prng },
      attemptTimeoutMs: Math.min(attemptTimeoutMs, timeoutMs),
    },
    {
      send: (node, slot, attempt, ops) => {
        const connection = connections.of[node]![slot % lanes]!;
        return wire.send(connection, attempt * clients + slot, slot, ops);
      },
      cancel: (slot) => wire.cancel?.(slot),
      onDone: (slot, done, now) => events.onDone(slot, done, now),
    },
  );
  const connections = new NodeConnections<C>(nodes.length, lanes, (node) =>
    wire.dial(nodes[node]!.host, nodes[node]!.port, {
      clerk,
      onOpen: () => {
        clerk.opened(node);
        connections.opened();
      },
      awaiting: (tag, now) => {
        const slot = tag % clients;
        return clerk.awaits(slot, Math.floor(tag / clients), node, now) ? slot : -1;
      },
      onChunk: () => events.onInput(),
      onClose: (tags) => {
        clerk.lost(node, new Set(tags.map((tag) => tag % clients)), performance.now());
        events.onInput();
      },
    }),
  );
  return { clerk, connections };
}

/**
 * What a reply says. `version` is the key's afterwards: 0 absent, one more for each write; -1 if the protocol does
 * not tell. Claim no more than is certain: "refused" is a promise that it took no effect, "unsure" none.
 */
export type PlainReply =
  | {
      readonly kind: "ok";
      readonly version: number;
      readonly value?: Uint8Array | undefined;
      /** Of the log, at which it took effect. Absent or 0: unknown. */
      readonly index?: number;
    }
  | { readonly kind: "mismatch"; readonly version: number }
  | { readonly kind: Refusal };

/** A protocol in which replies come in the order of the requests; `R` is one. */
export type PipelinedWire<R> = Pick<SessionlessWire<never>, "route" | "lanesMax"> & {
  readonly protocol: PipelinedProtocol<R>;
  request(slot: number, ops: PlainOps): Uint8Array;
  /** What it says of the slot's operation. */
  reply(reply: R, slot: number): PlainReply;
};

/** The client of a pipelined protocol without sessions. */
export const pipelinedClient = <R>(
  options: StoreClientOptions,
  events: StoreClientEvents,
  wire: PipelinedWire<R>,
): ProtocolClient =>
  sessionlessClient<PipelinedConnection<R>>(options, events, {
    route: wire.route,
    lanesMax: wire.lanesMax,
    dial: (host, port, { clerk, awaiting, onOpen, onChunk, onClose }) =>
      new PipelinedConnection(host, port, wire.protocol, {
        ...{ onOpen, onChunk, onClose },
        onReply: (tag, reply) => {
          const now = performance.now();
          const slot = awaiting(tag, now);
          if (slot >= 0) end(clerk, slot, wire.reply(reply, slot), now);
        },
      }),
    send: (connection, tag, slot, ops) => connection.send(tag, wire.request(slot, ops)),
  });

function end(clerk: PlainClerk, slot: number, reply: PlainReply, now: number): void {
  if (reply.kind === "mismatch") return clerk.succeeded(slot, DONE_MISMATCH, reply.version, 0, now);
  if (reply.kind !== "ok") return clerk.refused(slot, reply.kind, now);
  const { version, index = 0, value } = reply;
  if (value === undefined) return clerk.succeeded(slot, DONE_OK, version, index, now);
  clerk.succeeded(slot, DONE_OK, version, index, now, value, 0, value.length);
}
