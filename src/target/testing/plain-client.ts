import { DONE_INFO, DONE_MISMATCH, DONE_OK } from "../../client/ports.ts";
import {
  FLAG_EXPECTED,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_PUT,
  OP_SCAN,
  type OpCode,
} from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { loadProtocol, openStoreClient, type StoreClient } from "../store-client.ts";
import type { ClusterAddress } from "../target.ts";

/** How an operation ended, for people. */
export type Outcome = {
  readonly kind: "ok" | "fail" | "mismatch" | "info";
  /** After it; 0: the key is absent; -1: unknown. */
  readonly version: number;
  readonly index: number;
  readonly value: string;
};

const NO_BYTES = new Uint8Array(0);
const CONNECT_MS = 20_000;
const TICK_MS = 5;

/** A store client for tests: one operation at a time, awaited. */
export class PlainClient {
  readonly #client: StoreClient;
  readonly #timer: Timer;
  #resolve: (outcome: Outcome) => void = () => {};

  private constructor(address: ClusterAddress, timeoutMs: number) {
    this.#client = openStoreClient(
      {
        ...{ address, clients: 1, connections: 1, timeoutMs, homeShare: 0 },
        ...{ wantsVersions: true, prng: new Prng(1) },
      },
      {
        onDone: (_slot, { outcome, version, index, valueIn, valueAt, valueBytes }) => {
          const value = Buffer.from(valueIn.subarray(valueAt, valueAt + valueBytes)).toString();
          this.#resolve({ kind: kindOf(outcome), version, index, value });
        },
        onInput: () => {},
      },
    );
    this.#timer = setInterval(() => this.#client.tick(performance.now()), TICK_MS);
  }

  /** An operation is given up after `timeoutMs`. */
  static async connect(address: ClusterAddress, timeoutMs: number): Promise<PlainClient> {
    await loadProtocol(address);
    const client = new PlainClient(address, timeoutMs);
    await client.#client.connected(0, CONNECT_MS);
    return client;
  }

  get(key: string): Promise<Outcome> {
    return this.#run(OP_GET, 0, 0, key, "");
  }

  put(key: string, value: string): Promise<Outcome> {
    return this.#run(OP_PUT, 0, 0, key, value);
  }

  putIfVersion(key: string, value: string, expected: number): Promise<Outcome> {
    return this.#run(OP_PUT, FLAG_EXPECTED, expected, key, value);
  }

  append(key: string, value: string): Promise<Outcome> {
    return this.#run(OP_APPEND, 0, 0, key, value);
  }

  delete(key: string): Promise<Outcome> {
    return this.#run(OP_DELETE, 0, 0, key, "");
  }

  /** Its outcome's version is the number of keys in [from, end); an empty `end`: no bound. */
  scan(from: string, end: string, limit: number): Promise<Outcome> {
    return this.#run(OP_SCAN, 0, limit, from, end);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  #run(op: OpCode, flags: number, expected: number, key: string, value: string): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#resolve = resolve;
    const bytes = value === "" ? NO_BYTES : Buffer.from(value);
    this.#client.start(0, op, flags, expected, Buffer.from(key), bytes, performance.now());
    return promise;
  }
}

function kindOf(outcome: number): Outcome["kind"] {
  if (outcome === DONE_OK) return "ok";
  if (outcome === DONE_MISMATCH) return "mismatch";
  return outcome === DONE_INFO ? "info" : "fail";
}
