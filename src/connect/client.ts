import { type Completion, DONE_INFO, DONE_MISMATCH, DONE_OK } from "../client/ports.ts";
import {
  FLAG_EXPECTED,
  FLAG_LOCAL,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_PUT,
  OP_SCAN,
  type OpCode,
  SCAN_KEYS_MAX,
} from "../kv/command.ts";
import { prefixEnd, readScanReply } from "../kv/scan-reply.ts";
import type { Credentials } from "../security/credentials.ts";
import { STATUS, statusName } from "../wire/errors.ts";
import { bytesOf, countOf, entryOf, invalid, keyBytesOf, valueBytesOf } from "./data.ts";
import { discover, parseAddresses } from "./discover.ts";
import { type FailureCode, OperationFailedError, OutcomeUnknownError } from "./errors.ts";
import type { Operation } from "./link.ts";
import { Runner } from "./runner.ts";
import type {
  ClusterView,
  ConnectOptions,
  Data,
  Entry,
  OperationOptions,
  PutIfResult,
  ReadOptions,
  ScanOptions,
} from "./types.ts";

export { OperationFailedError, OutcomeUnknownError };
export type { FailureCode };
export type * from "./types.ts";

const TIMEOUT_MS = 5000;
const CONCURRENCY = 64;
const CONCURRENCY_MAX = 1024;
/** Between two rounds of asking nodes of which none has answered. */
const ASK_AGAIN_MS = 100;
const NO_BYTES = new Uint8Array(0);

type Command = {
  readonly op: OpCode;
  readonly flags?: number;
  readonly expected?: number;
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
};

/** How an operation ended that did what it was to do, with a value of its own. */
type Answer = {
  readonly outcome: number;
  readonly status: number;
  readonly version: number;
  readonly value: Uint8Array;
};

/**
 * Connects to a cluster of Ordeal: asks the nodes that are named which others there are, until one answers
 * or the time is up. Throws OperationFailedError, code `unreachable` or `invalid`.
 *
 *     await using db = await connect({ nodes: ["127.0.0.1:7001"] });
 *     await db.put("greeting", "hello");
 *     console.log((await db.get("greeting"))?.value);
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  const { nodes, timeoutMs = TIMEOUT_MS, concurrency = CONCURRENCY, signal } = options;
  const credentials = credentialsOf(options);
  const seeds = parseAddresses(nodes);
  countOf("timeoutMs", timeoutMs, 1);
  if (countOf("concurrency", concurrency, 1) > CONCURRENCY_MAX) {
    throw invalid(`concurrency is ${concurrency}: give 1 to ${CONCURRENCY_MAX}`);
  }
  const deadlineAt = performance.now() + timeoutMs;
  for (;;) {
    if (isAborted(signal)) throw aborted(signal);
    const leftMs = Math.max(1, Math.ceil(deadlineAt - performance.now()));
    const found = await discover(seeds, leftMs, credentials);
    if (isAborted(signal)) throw aborted(signal);
    if (found.kind === "found") {
      return new Client(
        new Runner({ seeds, view: found.view, slots: concurrency, timeoutMs, credentials }),
        timeoutMs,
      );
    }
    // Asking again would change nothing, and the last round before the end has no time to be told why.
    if (found.isRefused) {
      const message = `every node that was asked refuses\n  ${found.why.join("\n  ")}`;
      throw new OperationFailedError("unreachable", message);
    }
    if (performance.now() + ASK_AGAIN_MS >= deadlineAt) {
      const message = `no node answered within ${timeoutMs} ms\n  ${found.why.join("\n  ")}`;
      throw new OperationFailedError("unreachable", message);
    }
    await Bun.sleep(ASK_AGAIN_MS);
  }
}

/** Null: in plain text. Throws OperationFailedError, which shows nothing of it. */
function credentialsOf({ tls, token }: ConnectOptions): Credentials | null {
  if (tls === undefined) {
    if (token !== undefined) throw invalid("a token without tls would be sent in plain text");
    return null;
  }
  const { ca, cert, key } = tls;
  if ((cert === undefined) !== (key === undefined))
    throw invalid("tls.cert and tls.key go together");
  return { ca, cert, key, token };
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

const aborted = (signal: AbortSignal | undefined): OperationFailedError =>
  new OperationFailedError("aborted", "aborted before anything was sent", {
    cause: signal?.reason,
  });

/**
 * A connection to a cluster, made by `connect`. Finds and follows leaders, and shards too, and repeats what
 * got lost. A write takes effect at most once, however often it was sent: each goes through a session, which
 * the client opens as it needs them. Reads are linearizable unless they are `local`.
 *
 * Every method throws OperationFailedError when it surely did nothing, and a write OutcomeUnknownError when
 * nobody can tell. Any number of operations may be under way; those of one caller that do not wait for each
 * other may take effect in any order.
 */
export class Client {
  readonly #runner: Runner;
  readonly #timeoutMs: number;

  /** Use `connect`. */
  constructor(runner: Runner, timeoutMs: number) {
    this.#runner = runner;
    this.#timeoutMs = timeoutMs;
  }

  /** The cluster as its nodes described it last. */
  get cluster(): ClusterView {
    return this.#runner.view;
  }

  /** The key's value and version; null: there is no such key. */
  async get(key: Data, options: ReadOptions = {}): Promise<Entry | null> {
    const keyBytes = keyBytesOf(key);
    const flags = options.local === true ? FLAG_LOCAL : 0;
    const { status, version, value } = await this.#run(
      { op: OP_GET, flags, key: keyBytes },
      options,
    );
    if (status === STATUS.notFound.code) return null;
    return entryOf({ key: keyBytes, value, version });
  }

  /** Writes the key; returns its version now. */
  async put(key: Data, value: Data, options: OperationOptions = {}): Promise<number> {
    const command = { op: OP_PUT, key: keyBytesOf(key), value: valueBytesOf(value) } as const;
    return (await this.#run(command, options)).version;
  }

  /** Writes the key if its version is `version`; 0: if it is absent. */
  async putIf(
    key: Data,
    value: Data,
    version: number,
    options: OperationOptions = {},
  ): Promise<PutIfResult> {
    const answer = await this.#run(
      {
        ...{ op: OP_PUT, flags: FLAG_EXPECTED, expected: countOf("version", version, 0) },
        ...{ key: keyBytesOf(key), value: valueBytesOf(value) },
      },
      options,
    );
    const kind = answer.outcome === DONE_MISMATCH ? "mismatch" : "written";
    return { kind, version: answer.version };
  }

  /**
   * Reads the key, has `change` compute its new value, and writes that if the key is as it was read; else
   * begins again, so `change` may be called several times. Returns the version now. The time is for all of it.
   */
  async update(
    key: Data,
    change: (entry: Entry | null) => Data | Promise<Data>,
    options: OperationOptions = {},
  ): Promise<number> {
    const deadlineAt = performance.now() + (options.timeoutMs ?? this.#timeoutMs);
    for (;;) {
      const timeoutMs = Math.max(1, Math.ceil(deadlineAt - performance.now()));
      const entry = await this.get(key, { ...options, timeoutMs });
      const value = await change(entry);
      const put = await this.putIf(key, value, entry?.version ?? 0, { ...options, timeoutMs });
      if (put.kind === "written") return put.version;
      if (performance.now() < deadlineAt) continue;
      throw new OperationFailedError("versionMismatch", "others wrote the key again and again");
    }
  }

  /** Writes `value` behind what the key has, or as its first value; returns the version now. */
  async append(key: Data, value: Data, options: OperationOptions = {}): Promise<number> {
    const command = { op: OP_APPEND, key: keyBytesOf(key), value: valueBytesOf(value) } as const;
    return (await this.#run(command, options)).version;
  }

  /** Removes the key; false: there was none. */
  async delete(key: Data, options: OperationOptions = {}): Promise<boolean> {
    const { status } = await this.#run({ op: OP_DELETE, key: keyBytesOf(key) }, options);
    return status !== STATUS.notFound.code;
  }

  /**
   * Keys with their values, in the order of the keys' bytes. They come in pages, each as of one moment: what is
   * written meanwhile may show in a later page. The time is for each page. A sharded cluster has no scans.
   */
  async *scan(options: ScanOptions = {}): AsyncGenerator<Entry, void, undefined> {
    if (this.cluster.shards > 0)
      throw invalid("a sharded cluster has no scans: its keys have no order");
    const prefix = bytesOf(options.prefix ?? NO_BYTES);
    const end = options.to === undefined ? prefixEnd(prefix) : bytesOf(options.to);
    let from: Uint8Array | null = options.from === undefined ? prefix : bytesOf(options.from);
    let left = countOf("limit", options.limit ?? Number.MAX_SAFE_INTEGER, 0);
    const flags = options.local === true ? FLAG_LOCAL : 0;
    while (from !== null && left > 0) {
      const expected = Math.min(left, SCAN_KEYS_MAX);
      const command: Command = { op: OP_SCAN, flags, expected, key: from, value: end };
      const { value } = await this.#run(command, options);
      const page = readScanReply(value, 0, value.length);
      if (page === null) throw new OperationFailedError("invalid", "a damaged reply to a scan");
      left -= page.entries.length;
      from = page.next;
      yield* page.entries.map(entryOf);
    }
  }

  /** Ends all connections, and what is still under way: wait for it first. Safe to call twice. */
  close(): Promise<void> {
    this.#runner.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run(
    command: Command,
    { timeoutMs = this.#timeoutMs, signal }: OperationOptions,
  ): Promise<Answer> {
    if (this.#runner.isClosed) throw new OperationFailedError("closed", "the client is closed");
    if (isAborted(signal)) throw aborted(signal);
    countOf("timeoutMs", timeoutMs, 1);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const operation: Operation = {
      ...{ flags: 0, expected: 0, value: NO_BYTES, ...command },
      deadlineAt: performance.now() + timeoutMs,
      onDone: (done) => {
        signal?.removeEventListener("abort", onAbort);
        if (done.outcome !== DONE_OK && done.outcome !== DONE_MISMATCH) {
          reject(this.#errorOf(command, done, timeoutMs, signal));
          return;
        }
        const value = done.valueIn.slice(done.valueAt, done.valueAt + done.valueBytes);
        resolve({ outcome: done.outcome, status: done.status, version: done.version, value });
      },
    };
    const onAbort = (): void => this.#runner.cancel(operation);
    signal?.addEventListener("abort", onAbort);
    try {
      this.#runner.run(operation);
    } catch (error) {
      signal?.removeEventListener("abort", onAbort);
      throw error;
    }
    return promise;
  }

  #errorOf({ op }: Command, done: Completion, timeoutMs: number, signal?: AbortSignal): Error {
    const isRead = op === OP_GET || op === OP_SCAN;
    const ErrorOf =
      done.outcome === DONE_INFO && !isRead ? OutcomeUnknownError : OperationFailedError;
    if (done.status !== STATUS.timeout.code) {
      const code = statusName(done.status) ?? "invalid";
      return new ErrorOf(code, `${code}: ${STATUS[code].about}`);
    }
    const isUnknown = ErrorOf === OutcomeUnknownError;
    const nothing = isRead ? "nothing was read" : "nothing was written";
    const known = isUnknown ? "it may have taken effect" : nothing;
    if (isAborted(signal)) {
      return new ErrorOf("aborted", `aborted: ${known}`, { cause: signal?.reason });
    }
    if (this.#runner.isClosed) return new ErrorOf("closed", `the client was closed: ${known}`);
    return new ErrorOf(
      "timeout",
      `no answer within ${timeoutMs} ms, ${known}: ${this.#runner.describe()}`,
    );
  }
}
