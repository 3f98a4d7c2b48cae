import type { Verdict } from "../../report/schema.ts";

/** What can be run from the page. Plain JSON, shared by server and page. */
export type Catalogue = {
  readonly entries: readonly CatalogueEntry[];
  /** The systems that scenarios can be run on; the first is Ordeal's own store. */
  readonly targets: readonly string[];
};

/** `planted`: a run whose nodes are changed on purpose; `bench`: a suite, in its quick form. */
export type RunKind = "chaos" | "planted" | "bench";

export type CatalogueEntry = {
  readonly kind: RunKind;
  readonly name: string;
  /** What could break, or what is measured. */
  readonly about: string;
  /** Kinds of fault, in words. */
  readonly faults: readonly string[];
  /** Null: it is of the suite, and cannot be chosen. */
  readonly nodes: number | null;
  readonly durationMs: number | null;
  readonly tags: readonly string[];
  readonly parameters: readonly ParameterView[];
};

export type ParameterView = {
  readonly name: string;
  readonly about: string;
  readonly min: number;
  readonly max: number;
  readonly default: number;
};

/** What a person asks for. Null: as the scenario says; of the seed: a random one. */
export type RunRequest = {
  readonly kind: RunKind;
  /** Of the catalogue; of `chaos` also the path of a module or a JSON file that is a scenario. */
  readonly name: string;
  readonly target: string;
  readonly seed: number | null;
  readonly durationMs: number | null;
  readonly nodes: number | null;
  readonly parameters: Readonly<Record<string, number>>;
};

/** The run that is under way, or the last one. */
export type RunState = {
  /** `none`: no run was started since the dashboard was. */
  readonly phase: "none" | "running" | "stopping" | "ended";
  readonly name: string;
  readonly kind: RunKind;
  /** The command line that does the same. */
  readonly command: string;
  /** Who asked for it. */
  readonly by: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  /** Null: it has not said yet, or never does (a benchmark). */
  readonly progress: RunProgress | null;
  /** What it said last, for people. */
  readonly lastLine: string;
  /** Null: it has not ended. */
  readonly outcome: RunEnd | null;
};

/** How a run stands; a line of `--progress json` (cli/progress-lines.ts). Times: ms. */
export type RunProgress = {
  readonly seed: number;
  /** starting, running, recovering, reading, checking. */
  readonly phase: string;
  readonly elapsedMs: number;
  readonly durationMs: number;
  readonly faults: readonly { readonly label: string; readonly nodes: readonly number[] }[];
  readonly nodes: readonly { readonly id: number; readonly role: string; readonly term: number }[];
  /** ok operations a second, and the worst p99 (µs), over the last second. */
  readonly throughput: number;
  readonly p99Us: number | null;
  readonly total: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly violation: string | null;
};

export type RunEnd = {
  /** Null: it was interrupted, refused, or could not be completed; `said` tells. */
  readonly verdict: Verdict | null;
  readonly wasInterrupted: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly verdict: Verdict;
    readonly detail: string;
  }[];
  /** Of the report, below the directory of reports, with slashes; null: there is none there. */
  readonly folder: string | null;
  /** The end of what it printed for people. */
  readonly said: string;
};
