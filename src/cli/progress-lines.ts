import type { Progress } from "../chaos/run.ts";

/** How a run is shown while it goes on: `auto`, a picture on a terminal and lines elsewhere; `json`, for programs. */
export const PROGRESS = ["auto", "json"] as const;
export type ProgressStyle = (typeof PROGRESS)[number];

/** A line of `--progress json`, on stderr, a few times a second. Times: ms. */
export type ProgressLine = {
  readonly kind: "progress";
  readonly name: string;
  readonly seed: number;
  /** starting, running, recovering, reading, checking. */
  readonly phase: Progress["phase"];
  /** Since the load began, and how long it is to last. */
  readonly elapsedMs: number;
  readonly durationMs: number;
  /** In force now. */
  readonly faults: readonly { readonly label: string; readonly nodes: readonly number[] }[];
  readonly nodes: readonly { readonly id: number; readonly role: string; readonly term: number }[];
  /** ok operations a second, and the worst p99 (µs), over the last second. */
  readonly throughput: number;
  readonly p99Us: number | null;
  readonly total: Progress["total"];
  /** The first that was seen. */
  readonly violation: string | null;
};

export function progressLine(name: string, seed: number, progress: Progress): ProgressLine {
  const { phase, elapsedMs, durationMs, throughput, p99Us, total, violation = null } = progress;
  return {
    ...{ kind: "progress", name, seed, phase, elapsedMs, durationMs },
    faults: progress.faults.map(({ label, nodes }) => ({ label, nodes })),
    nodes: progress.nodes.map(({ id, role, term }) => ({ id, role, term })),
    ...{ throughput, p99Us, total, violation },
  };
}
