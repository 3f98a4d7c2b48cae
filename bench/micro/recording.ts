import { consume } from "../../src/bench/measure.ts";
import { DONE_OK } from "../../src/client/ports.ts";
import { OP_GET, OP_PUT } from "../../src/kv/command.ts";
import { Histogram } from "../../src/lib/histogram.ts";
import type { Prng } from "../../src/lib/prng.ts";
import { LoadMetrics } from "../../src/workload/metrics.ts";
import { ACTION_GET, ACTION_PUT } from "../../src/workload/mix.ts";
import { Recorder } from "../../src/workload/recorder.ts";
import type { MicroTask } from "./tasks.ts";

const SAMPLES = 1 << 12;
/** Few enough that most samples are not interrupted. */
const CALLS = SAMPLES * 2;
const RECORDING_GOAL_NS = 20;
const WORKERS = 256;
const KEYS = 10_000;
const MIX = { get: 0.5, put: 0.5, cas: 0, append: 0, delete: 0 };

/** What a generator does with every operation beside sending it. */
export function recordingTasks(prng: Prng): MicroTask[] {
  // Log-normal around 400 µs, as latencies are: neighbouring buckets, and a tail.
  const us = Float64Array.from({ length: SAMPLES }, () => {
    const normal = Math.sqrt(prng.exponential(2)) * Math.cos(2 * Math.PI * prng.float());
    return 400 * Math.exp(0.7 * normal);
  });
  const actions = Uint8Array.from(us, () => (prng.chance(0.5) ? ACTION_GET : ACTION_PUT));
  const histogram = new Histogram();
  const merged = new Histogram();
  return [
    {
      name: "histogram: record",
      body: () => {
        for (let i = 0; i < CALLS; i++) histogram.record(us[i % SAMPLES]!);
        consume(histogram.count);
        return CALLS;
      },
    },
    {
      name: "histogram: merge",
      body: () => {
        for (let i = 0; i < 256; i++) merged.merge(histogram);
        consume(merged.count);
        return 256;
      },
    },
    {
      name: "recording an operation, closed loop",
      body: operations(us, actions, null),
      goalNs: RECORDING_GOAL_NS,
    },
    { name: "recording an operation, open loop", body: operations(us, actions, 1e6) },
    { name: "history: call and return of an operation", body: histories(prng) },
  ];
}

/** Histograms and counters of an operation, ticks included: one every 8,192 operations, as at 80,000 a second. */
function operations(us: Float64Array, actions: Uint8Array, rate: number | null): () => number {
  const metrics = new LoadMetrics({ rate, mix: MIX });
  let now = 0;
  return () => {
    for (let i = 0; i < CALLS; i++) {
      now += 0.001;
      if (rate !== null) metrics.started(now, 0.002);
      const ms = us[i % SAMPLES]! / 1000;
      metrics.done(actions[i % SAMPLES]!, DONE_OK, now, now, now + ms);
    }
    consume(metrics.takeTick());
    return CALLS;
  };
}

function histories(prng: Prng): () => number {
  const keys = Uint32Array.from({ length: SAMPLES }, () => prng.below(KEYS));
  const recorder = new Recorder(WORKERS, KEYS, 0, 0);
  let now = 0;
  let number = 0;
  return () => {
    for (let i = 0; i < SAMPLES; i++) {
      const worker = i % WORKERS;
      now += 0.002;
      const isPut = (i & 1) === 0;
      recorder.invoke(worker, isPut ? OP_PUT : OP_GET, keys[i]!, isPut ? ++number : -1, -1, now);
      recorder.complete(worker, DONE_OK, 1 + (i & 7), number, isPut ? -1 : number, now + 0.001);
    }
    for (let b = recorder.writer.take(); b !== null; b = recorder.writer.take()) consume(b);
    return SAMPLES;
  };
}
