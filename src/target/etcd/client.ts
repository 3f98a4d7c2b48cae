import type { PlainClerk, PlainOps, Refusal } from "../../client/plain-clerk.ts";
import { DONE_MISMATCH, DONE_OK } from "../../client/ports.ts";
import { FLAG_EXPECTED, FLAG_LOCAL, OP_DELETE, OP_GET, OP_PUT, OP_SCAN } from "../../kv/command.ts";
import { assert } from "../../lib/assert.ts";
import { type ConnectionEvents, sessionlessClient, type SessionlessWire } from "../sessionless.ts";
import type { OpenClient, StoreClientOptions } from "../store-client.ts";
import { GrpcConnection } from "./connection.ts";
import { type EtcdAnswer, EtcdWriter, type Method, METHOD, parseAnswer } from "./messages.ts";
import { CALL_LOST } from "./session.ts";

/** gRPC spreads the calls of a process over one connection a node; a second one did not help. */
const LANES_MAX = 1;
const ATTEMPT_TIMEOUT_MS = 500;
const UNKNOWN_VERSION = -1;
const GRPC_OK = 0;
const GRPC_INVALID_ARGUMENT = 3;

/**
 * Errors after which the request cannot take effect: etcd says them before it proposes anything
 * (etcdserver/api/v3rpc: interceptor.go, etcdserver/v3_server.go). All others leave it open.
 */
const NOT_PROPOSED = [
  "etcdserver: no leader",
  "etcdserver: too many requests",
  "etcdserver: not capable",
];

/** etcd's v3 API: every node takes every operation, and hands it on to the leader. */
export const etcdClient: OpenClient = (options, events) =>
  sessionlessClient(options, events, new EtcdWire(options));

class EtcdWire implements SessionlessWire<GrpcConnection> {
  readonly route = "any";
  readonly lanesMax = LANES_MAX;
  readonly attemptTimeoutMs = ATTEMPT_TIMEOUT_MS;
  /** Of each slot, the call that is out, and on which connection. */
  readonly #calls: Float64Array;
  readonly #at: (GrpcConnection | null)[];
  readonly #paths: Method[];
  readonly #isScan: Uint8Array;
  readonly #expected: Float64Array;
  readonly #writer = new EtcdWriter();
  readonly #wantsVersions: boolean;

  constructor({ clients, wantsVersions }: StoreClientOptions) {
    this.#wantsVersions = wantsVersions;
    this.#calls = new Float64Array(clients);
    this.#at = new Array<GrpcConnection | null>(clients).fill(null);
    this.#paths = new Array<Method>(clients).fill(METHOD.put);
    this.#expected = new Float64Array(clients);
    this.#isScan = new Uint8Array(clients);
  }

  dial(host: string, port: number, events: ConnectionEvents): GrpcConnection {
    const { clerk, awaiting, onOpen, onChunk, onClose } = events;
    return new GrpcConnection(host, port, {
      onOpen,
      onEnd: (tag, status, message, body, bytes) => {
        const now = performance.now();
        const slot = awaiting(tag, now);
        if (slot === -1) return;
        this.#at[slot] = null;
        const path = this.#paths[slot]!;
        const answer = status === GRPC_OK ? parseAnswer(path, body, bytes) : null;
        if (answer === null) clerk.refused(slot, refusalOf(status, message), now);
        else this.#succeeded(clerk, slot, answer, body, now);
      },
      onChunk,
      onLost: () => onClose([]), // The calls have told their ends themselves.
    });
  }

  send(connection: GrpcConnection, tag: number, slot: number, ops: PlainOps): boolean {
    if (!connection.isOpen) return false;
    const { path, message } = this.#request(slot, ops);
    const call = connection.call(path, message, tag);
    if (call === 0) return false;
    this.#calls[slot] = call;
    this.#at[slot] = connection;
    this.#paths[slot] = path;
    this.#isScan[slot] = Number(ops.op[slot] === OP_SCAN);
    this.#expected[slot] = ops.expected[slot]!;
    return true;
  }

  cancel(slot: number): void {
    this.#at[slot]?.cancel(this.#calls[slot]!);
  }

  #request(slot: number, ops: PlainOps): { readonly path: Method; readonly message: Buffer } {
    const key = ops.key[slot]!;
    const value = ops.value[slot]!;
    const flags = ops.flags[slot]!;
    const w = this.#writer;
    switch (ops.op[slot]) {
      case OP_GET:
        return { path: METHOD.range, message: w.range(key, (flags & FLAG_LOCAL) !== 0) };
      case OP_SCAN: {
        const isSerializable = (flags & FLAG_LOCAL) !== 0;
        const message = w.scan(key, value, ops.expected[slot]!, isSerializable);
        return { path: METHOD.range, message };
      }
      case OP_DELETE:
        return { path: METHOD.deleteRange, message: w.deleteRange(key) };
      default:
        assert(ops.op[slot] === OP_PUT, "etcd has no append");
        return (flags & FLAG_EXPECTED) === 0
          ? { path: METHOD.put, message: w.put(key, value, this.#wantsVersions) }
          : { path: METHOD.txn, message: w.putIfVersion(key, value, ops.expected[slot]!) };
    }
  }

  #succeeded(c: PlainClerk, slot: number, answer: EtcdAnswer, body: Buffer, now: number): void {
    const { revision, version, deleted, found, succeeded, valueAt, valueBytes } = answer;
    switch (this.#paths[slot]!) {
      case METHOD.range:
        // The body of a scan is etcd's own: nobody here reads more of it than how many keys it holds.
        if (this.#isScan[slot] === 1) return c.succeeded(slot, DONE_OK, found, revision, now);
        return c.succeeded(slot, DONE_OK, version, revision, now, body, valueAt, valueBytes);
      case METHOD.deleteRange:
        // One that finds nothing is no write, and shares its revision with the write before it.
        return c.succeeded(slot, DONE_OK, 0, deleted > 0 ? revision : 0, now);
      case METHOD.txn:
        return succeeded
          ? c.succeeded(slot, DONE_OK, this.#expected[slot]! + 1, revision, now)
          : c.succeeded(slot, DONE_MISMATCH, version, 0, now);
      case METHOD.put: {
        const after = this.#wantsVersions ? version + 1 : UNKNOWN_VERSION;
        return c.succeeded(slot, DONE_OK, after, revision, now);
      }
    }
  }
}

/** What an error of etcd, or the loss of a connection, says about a request. */
export function refusalOf(status: number, message: string): Refusal {
  if (status === CALL_LOST) return "unsure";
  if (status === GRPC_INVALID_ARGUMENT) return "invalid";
  return NOT_PROPOSED.some((text) => message.startsWith(text)) ? "refused" : "unsure";
}
