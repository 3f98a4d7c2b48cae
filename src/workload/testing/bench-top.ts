import { type Completion, DONE_OK } from "../../client/ports.ts";
import { readHistory } from "../../history/codec.ts";
import type { History } from "../../history/op.ts";
import type { OpCode } from "../../kv/command.ts";
import { Prng } from "../../lib/prng.ts";
import { Driver } from "../driver.ts";
import { LoadMetrics } from "../metrics.ts";
import { Recorder } from "../recorder.ts";
import type { LoadSpec } from "../spec.ts";
import { Workers } from "../workers.ts";

export const SPEC: LoadSpec = {
  address: { target: "ordeal", nodes: [{ id: 1, host: "127.0.0.1", port: 1 }] },
  seed: 20260731,
  clients: 4,
  rate: null,
  arrivals: "constant",
  connections: 1,
  keys: 10,
  keyDistribution: "uniform",
  valueBytes: 16,
  mix: { get: 0.5, put: 0.5, cas: 0, append: 0, delete: 0 },
  durationMs: 1000,
  warmupMs: 0,
  timeoutMs: 100,
  reads: "linearizable",
  history: null,
};

/** An operation that a worker has started. */
export type Started = {
  readonly worker: number;
  readonly op: OpCode;
  readonly flags: number;
  readonly expected: number;
  readonly key: string;
  readonly value: Uint8Array;
  readonly at: number;
};

/** A whole workload without a clerk: the test ends each operation itself. Time starts at 0. */
export class BenchTop {
  readonly metrics: LoadMetrics;
  readonly driver: Driver;
  readonly recorder: Recorder;
  readonly started: Started[] = [];
  readonly #spec: LoadSpec;

  constructor(change: Partial<LoadSpec> = {}) {
    this.#spec = { ...SPEC, ...change };
    const prng = new Prng(this.#spec.seed);
    this.metrics = new LoadMetrics(this.#spec);
    this.recorder = new Recorder(this.#spec.clients, this.#spec.keys, 0, 0);
    const workers = new Workers(
      this.#spec,
      prng,
      this.recorder,
      (worker, op, flags, expected, key, value, at) => {
        const text = new TextDecoder().decode(key);
        this.started.push({ worker, op, flags, expected, key: text, value: value.slice(), at });
      },
    );
    this.driver = new Driver(this.#spec, prng, workers, this.metrics);
  }

  /** Ends what the worker has started. */
  end(worker: number, at: number, done: Partial<Completion> = {}): void {
    const completion: Completion = {
      outcome: DONE_OK,
      status: 0,
      version: 0,
      index: 0,
      valueIn: new Uint8Array(0),
      valueAt: 0,
      valueBytes: done.valueIn?.length ?? 0,
      ...done,
    };
    this.driver.onDone(worker, completion, at);
  }

  result(measuredMs = 1000): ReturnType<LoadMetrics["result"]> {
    return this.metrics.result({ startedAtUs: 0, measuredMs, cpu: 0.1, unread: null });
  }

  history(): History {
    const parts: Uint8Array[] = [];
    const { writer } = this.recorder;
    for (let bytes = writer.take(); bytes !== null; bytes = writer.take()) parts.push(bytes);
    return readHistory(Buffer.concat(parts));
  }
}
