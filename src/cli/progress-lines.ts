import type { Progress } from "../chaos/run.ts";

/** How a run is shown while it goes on: `auto`, a picture on a terminal and lines elsewhere; `json`, for programs. */
const PROGRESS = ["auto", "json"] as const;
export type ProgressStyle = (typeof PROGRESS)[number];

/** Options of commands that play a scenario: how it is watched, and when it ends. */
export const WATCHING = {
  "stop-on-violation": {
    type: "boolean",
    default: true,
    describe: "end the load as soon as the history is seen to be illegal",
  },
  json: { type: "boolean", default: false, describe: "one JSON document on stdout" },
  progress: {
    choices: PROGRESS,
    default: "auto",
    describe: "json: a line of JSON on stderr a few times a second, for programs",
  },
} as const;

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
