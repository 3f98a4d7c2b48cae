import { bytes } from "../report/format.ts";
import type { NodeStatus } from "../target/target.ts";

/** Resident memory of a node's process at one moment. */
export type MemorySample = {
  readonly atUs: number;
  readonly node: number;
  readonly rssBytes: number;
};

const EVERY_US = 1_000_000;
/** An hour of nine nodes, once a second; above this every other sample is dropped. */
const SAMPLES_MAX = 32_768;
/** The first minutes fill caches; of a shorter run its first third. */
const WARM_UP_US = 300e6;
/** Memory then and now are the medians of so long, or a tenth of the run: collections come and go. */
const WINDOW_US = 300e6;

/** Gathers samples at most once a second, and ever fewer a second the longer it takes. */
export class MemoryLog {
  #samples: MemorySample[] = [];
  #everyUs = EVERY_US;
  #nextUs = 0;

  see(nodes: readonly NodeStatus[], nowUs: number): void {
    if (nowUs < this.#nextUs) return;
    this.#nextUs = nowUs + this.#everyUs;
    for (const { id, rssBytes } of nodes) {
      if (rssBytes !== undefined) this.#samples.push({ atUs: nowUs, node: id, rssBytes });
    }
    if (this.#samples.length <= SAMPLES_MAX) return;
    const times = [...new Set(this.#samples.map(({ atUs }) => atUs))];
    const kept = new Set(times.filter((_, i) => i % 2 === 0));
    this.#samples = this.#samples.filter(({ atUs }) => kept.has(atUs));
    this.#everyUs *= 2;
  }

  samples(): readonly MemorySample[] {
    return this.#samples;
  }
}

export type Growth = { readonly node: number; readonly from: number; readonly to: number };

/** Memory of each node after the warm-up and at the end; nodes that were not seen at both are left out. */
export function growthOf(samples: readonly MemorySample[]): readonly Growth[] {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return [];
  const spanUs = last.atUs - first.atUs;
  const windowUs = Math.min(WINDOW_US, spanUs / 10);
  const warmUs = first.atUs + Math.min(WARM_UP_US, spanUs / 3);
  const ids = [...new Set(samples.map(({ node }) => node))].sort((a, b) => a - b);
  return ids.flatMap((node): Growth[] => {
    const own = samples.filter((sample) => sample.node === node);
    const from = median(own.filter(({ atUs }) => atUs >= warmUs && atUs <= warmUs + windowUs));
    const to = median(own.filter(({ atUs }) => atUs >= last.atUs - windowUs));
    return from === null || to === null ? [] : [{ node, from, to }];
  });
}

function median(samples: readonly MemorySample[]): number | null {
  const sorted = samples.map(({ rssBytes }) => rssBytes).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

/** `node 3 88 MiB → 90 MiB (+2.3 %)`. */
export const growthText = ({ node, from, to }: Growth): string => {
  const percent = (to / from - 1) * 100;
  return `node ${node} ${bytes(from)} → ${bytes(to)} (${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %)`;
};
