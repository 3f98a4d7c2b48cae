import { crc32 } from "../lib/crc32.ts";
import { Prng } from "../lib/prng.ts";
import { type Allocations, countAllocations } from "./allocations.ts";
import { mutate } from "./mutate.ts";
import { BrokenPromise, type FuzzTarget } from "./target.ts";

/** A decoder that did not do as it must: what happened, and on which input. */
export type Finding = {
  readonly kind: "error" | "promise" | "memory" | "slow" | "hang" | "crash";
  readonly what: string;
  readonly input: Uint8Array;
};

/** A processor second for at most 64 KiB: thousands of times what any of them takes. */
const INPUT_CPU_MS_MAX = 1000;
const RSS_GROWTH_BYTES_MAX = 1 << 30;
const RSS_EVERY = 1024;
/** Inputs kept because they led to an outcome that none before did. */
const INTERESTING_MAX = 2000;

/** Feeds a target input after input, and keeps those that lead where none did before. */
export class Fuzzer {
  readonly #target: FuzzTarget;
  readonly #prng: Prng;
  readonly #allocations: Allocations;
  readonly #rssAtStart = process.memoryUsage.rss();
  /** What mutants are made of; samples and corpus first. */
  readonly #pool: Uint8Array[];
  /** By outcome, the shortest input that leads to it. */
  readonly interesting = new Map<string, Uint8Array>();
  executions = 0;

  /** The constructors of typed arrays are replaced until `stop`. */
  constructor(target: FuzzTarget, seed: number, corpus: readonly Uint8Array[]) {
    this.#target = target;
    this.#prng = new Prng(seed).fork(target.name);
    this.#pool = [...target.samples, ...corpus];
    this.#allocations = countAllocations();
  }

  stop(): void {
    this.#allocations.stop();
  }

  /** The inputs to begin with. */
  get given(): readonly Uint8Array[] {
    return this.#pool.slice();
  }

  next(): Uint8Array {
    const prng = this.#prng;
    const pool = this.#pool;
    // What was found last leads on more often than what was there at the beginning.
    const at = prng.chance(0.5)
      ? prng.below(pool.length)
      : pool.length - 1 - prng.below(Math.min(pool.length, 50));
    const input = mutate(pool[at]!, prng, pool);
    return this.#target.repair !== undefined && prng.chance(0.75)
      ? this.#target.repair(input)
      : input;
  }

  /** Runs one input; null: all is well. */
  async try(input: Uint8Array): Promise<Finding | null> {
    this.executions++;
    const { outcome, finding } = await judge(this.#target, input, this.#allocations);
    if (finding !== null) return finding;
    const shortest = this.interesting.get(outcome);
    if (
      shortest === undefined
        ? this.interesting.size < INTERESTING_MAX
        : input.length < shortest.length
    ) {
      if (shortest === undefined) this.#pool.push(input);
      this.interesting.set(outcome, input);
    }
    return this.executions % RSS_EVERY === 0 ? this.#checkRss(input) : null;
  }

  /** What comes of one input; null: a finding. */
  async outcomeOf(input: Uint8Array): Promise<string | null> {
    const { outcome, finding } = await judge(this.#target, input, this.#allocations);
    return finding === null ? outcome : null;
  }

  #checkRss(input: Uint8Array): Finding | null {
    const grown = (): number => process.memoryUsage.rss() - this.#rssAtStart;
    if (grown() <= RSS_GROWTH_BYTES_MAX) return null;
    Bun.gc(true);
    if (grown() <= RSS_GROWTH_BYTES_MAX) return null;
    return { kind: "memory", what: `the process has grown by ${grown()} bytes`, input };
  }
}

/** What a target makes of one input. */
export async function judge(
  target: FuzzTarget,
  input: Uint8Array,
  allocations: Allocations,
): Promise<{ readonly outcome: string; readonly finding: Finding | null }> {
  const startedAt = performance.now();
  const { user, system } = process.cpuUsage();
  allocations.reset();
  let outcome = "";
  try {
    const run = target.run(input.slice());
    outcome = typeof run === "string" ? run : await run;
  } catch (error) {
    const isPromise = error instanceof BrokenPromise;
    const what = isPromise ? error.message : describe(error);
    return { outcome, finding: { kind: isPromise ? "promise" : "error", what, input } };
  }
  const { bytes } = allocations;
  if (bytes > target.allocatesMax(input.length)) {
    const what = `${bytes} bytes are allocated for an input of ${input.length}`;
    return { outcome, finding: { kind: "memory", what, input } };
  }
  if (performance.now() - startedAt > INPUT_CPU_MS_MAX) {
    const cpu = process.cpuUsage({ user, system });
    const cpuMs = (cpu.user + cpu.system) / 1000;
    const what = `it takes ${Math.round(cpuMs)} ms of the processor`;
    if (cpuMs > INPUT_CPU_MS_MAX) return { outcome, finding: { kind: "slow", what, input } };
  }
  return { outcome, finding: null };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const [first = ""] = (error.stack ?? "").split("\n").filter((line) => line.includes("    at "));
  return `${error.name}: ${error.message}${first === "" ? "" : ` (${first.trim()})`}`;
}

/** Names an input. */
export const nameOf = (input: Uint8Array): string => crc32(input).toString(16).padStart(8, "0");
