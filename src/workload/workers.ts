import type { Completion } from "../client/ports.ts";
import { DONE_MISMATCH, DONE_OK } from "../client/ports.ts";
import { FLAG_EXPECTED, OP_APPEND, OP_GET, OP_PUT, type OpCode } from "../kv/command.ts";
import type { Prng } from "../lib/prng.ts";
import { KEY_BYTES, type KeyChooser, keyChooser, writeKey } from "./keys.ts";
import {
  ACTION_APPEND,
  ACTION_CAS,
  ACTION_GET,
  ACTION_PUT,
  ACTION_RMW,
  ACTION_SCAN,
  actionChooser,
  actionFlags,
  actionOp,
} from "./mix.ts";
import type { Recorder } from "./recorder.ts";
import type { LoadSpec } from "./spec.ts";
import { streamOf } from "./split.ts";
import { TOKEN_BYTES_MAX, ValueCodec } from "./values.ts";

/** Sends an operation of a worker; the key and value stay as they are until it has ended. */
export type Start = (
  worker: number,
  op: OpCode,
  flags: number,
  expected: number,
  key: Uint8Array,
  value: Uint8Array,
  now: number,
) => void;

const NO_BYTES = new Uint8Array(0);
const UNCONDITIONAL = -1;
const NO_VALUE = -1;
const VERSIONS_PER_WORKER_MAX = 1024;
const SCAN_LENGTH_DEFAULT = 100;

/**
 * What the workers do: choose action, key and value, record both ends in the history. Worker i has
 * at most one operation outstanding; an `rmw` is two, one after the other. A `cas` expects the version that the same worker saw last at
 * that key, or none (0) if it saw none of late.
 */
export class Workers {
  readonly #start: Start;
  readonly #recorder: Recorder | null;
  readonly #chooseAction: () => number;
  readonly #chooseKey: KeyChooser;
  readonly #values: ValueCodec;
  readonly #valueBytes: number;
  readonly #localReads: boolean;
  readonly #chooseScanLength: () => number;
  readonly #action: Uint8Array;
  /** What is outstanding: of an rmw first a get, then a put. */
  readonly #op: Uint8Array;
  readonly #key: Int32Array;
  readonly #keyBytes: Uint8Array[];
  /** Allocated for workers that have put something: values can be large, and workers many. */
  readonly #valueOf: (Uint8Array | undefined)[];
  /** Null: no cas will ask for them, and a look at so large a table is a cache miss an operation. */
  readonly #versions: VersionTable | null;
  /** Of the value written last. The parts of a load take turns: no two write the same one. */
  #number: number;
  readonly #numberStep: number;

  /** `prng`: of the whole load; the parts draw from streams of their own. */
  constructor(spec: LoadSpec, prng: Prng, recorder: Recorder | null, start: Start) {
    this.#start = start;
    this.#recorder = recorder;
    const { index, of } = spec.part ?? { index: 0, of: 1 };
    const own = streamOf(spec, prng);
    this.#chooseAction = actionChooser(spec.mix, own.fork("mix"));
    this.#chooseKey = keyChooser(spec.keyDistribution, spec.keys, own.fork("keys"), index, of);
    this.#number = index + 1 - of;
    this.#numberStep = of;
    this.#values = new ValueCodec(spec.valueBytes, prng.fork("tag").below(1 << 24));
    this.#valueBytes = spec.valueBytes;
    this.#localReads = spec.reads === "local";
    const scans = own.fork("scans");
    this.#chooseScanLength = () => 1 + scans.below(spec.scanLength ?? SCAN_LENGTH_DEFAULT);
    this.#action = new Uint8Array(spec.clients);
    this.#op = new Uint8Array(spec.clients);
    this.#key = new Int32Array(spec.clients);
    this.#keyBytes = Array.from({ length: spec.clients }, () => new Uint8Array(KEY_BYTES));
    this.#valueOf = Array.from({ length: spec.clients });
    const rows = Math.min(spec.keys, VERSIONS_PER_WORKER_MAX);
    this.#versions = spec.mix.cas > 0 ? new VersionTable(spec.clients, rows) : null;
  }

  /** What the worker's operation is, or was last: an index into ACTIONS. */
  action(worker: number): number {
    return this.#action[worker]!;
  }

  key(worker: number): number {
    return this.#key[worker]!;
  }

  /** Starts the worker's next operation. */
  begin(worker: number, now: number): void {
    const action = this.#chooseAction();
    const isWrite = action === ACTION_PUT || action === ACTION_APPEND;
    const key = this.#chooseKey(isWrite);
    const flags = actionFlags(action, this.#localReads);
    this.#action[worker] = action;
    this.#send(worker, actionOp(action), flags, key, this.#expected(worker, action, key), now);
  }

  /** The version that a cas expects, the most keys that a scan asks for, or none. */
  #expected(worker: number, action: number, key: number): number {
    if (action === ACTION_CAS) return this.#versions!.get(worker, key);
    return action === ACTION_SCAN ? this.#chooseScanLength() : UNCONDITIONAL;
  }

  /** Starts a linearizable read of `key`. */
  read(worker: number, key: number, now: number): void {
    this.#action[worker] = ACTION_GET;
    this.#send(worker, OP_GET, 0, key, UNCONDITIONAL, now);
  }

  #send(
    worker: number,
    op: OpCode,
    flags: number,
    key: number,
    expected: number,
    now: number,
  ): void {
    this.#op[worker] = op;
    this.#key[worker] = key;
    const keyBytes = this.#keyBytes[worker]!;
    writeKey(keyBytes, key);
    const value = this.#newValue(worker, op);
    const number = value === NO_BYTES ? NO_VALUE : this.#number;
    this.#recorder?.invoke(worker, op, key, number, expected, now);
    this.#start(worker, op, flags, Math.max(0, expected), keyBytes, value, now);
  }

  /** Takes the end of the worker's operation. True: that was its first half, the second has begun. */
  end(worker: number, done: Completion, now: number): boolean {
    const op = this.#op[worker]!;
    const action = this.#action[worker]!;
    if (action === ACTION_SCAN) return false;
    const key = this.#key[worker]!;
    const answered = done.outcome === DONE_OK || done.outcome === DONE_MISMATCH;
    if (answered) this.#versions?.set(worker, key, done.version);
    const { version } = done;
    if (this.#recorder !== null) {
      const found = answered && op === OP_GET && version !== 0;
      const value = found
        ? this.#values.read(done.valueIn, done.valueAt, done.valueBytes)
        : NO_VALUE;
      this.#recorder.complete(worker, done.outcome, version, done.index, value, now);
    }
    if (action !== ACTION_RMW || op !== OP_GET || !answered) return false;
    this.#send(worker, OP_PUT, FLAG_EXPECTED, key, version, now);
    return true;
  }

  #newValue(worker: number, op: OpCode): Uint8Array {
    if (op !== OP_PUT && op !== OP_APPEND) return NO_BYTES;
    this.#number += this.#numberStep;
    const bytes = Math.max(this.#valueBytes, TOKEN_BYTES_MAX);
    const buffer = (this.#valueOf[worker] ??= new Uint8Array(bytes));
    if (op === OP_APPEND) {
      return buffer.subarray(0, this.#values.writeToken(buffer, this.#number));
    }
    this.#values.write(buffer, this.#number);
    return buffer.length === this.#valueBytes ? buffer : buffer.subarray(0, this.#valueBytes);
  }
}

/** The versions that each worker saw last: direct-mapped, so that a newer key may push out an older. */
class VersionTable {
  readonly #rows: number;
  readonly #keys: Int32Array;
  readonly #versions: Float64Array;

  constructor(workers: number, rows: number) {
    this.#rows = rows;
    this.#keys = new Int32Array(workers * rows).fill(-1);
    this.#versions = new Float64Array(workers * rows);
  }

  get(worker: number, key: number): number {
    const row = worker * this.#rows + (key % this.#rows);
    return this.#keys[row] === key ? this.#versions[row]! : 0;
  }

  set(worker: number, key: number, version: number): void {
    const row = worker * this.#rows + (key % this.#rows);
    this.#keys[row] = key;
    this.#versions[row] = version;
  }
}
