import type { Prng } from "../lib/prng.ts";
import type { LoadSpec } from "./spec.ts";

/**
 * The specs of `count` generator processes that together are the load of `spec`: every client and
 * the whole rate, once. Each draws keys, actions and arrivals from a stream of its own, and no two
 * write the same value. There is at least one connection a part. Needs `count` ≤ clients, no history.
 */
export function splitLoad(spec: LoadSpec, count: number): LoadSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    ...spec,
    generators: 1,
    part: { index, of: count },
    clients: share(spec.clients, index, count),
    connections: Math.max(1, share(spec.connections, index, count)),
    rate: spec.rate === null ? null : spec.rate / count,
    // One of them reads every key at the end, not each of them.
    finalReads: index === 0 && (spec.finalReads ?? false),
  }));
}

const share = (total: number, index: number, count: number): number =>
  Math.floor(total / count) + Number(index < total % count);

/** The random numbers that a part does not share with the others. */
export const streamOf = ({ part }: Pick<LoadSpec, "part">, prng: Prng): Prng =>
  part === undefined ? prng : prng.fork(`part ${part.index}`);
