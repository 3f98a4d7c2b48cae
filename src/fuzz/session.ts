import { outcomeText } from "./target.ts";
import { Fuzzer, type Finding } from "./engine.ts";
import type { Kept } from "./corpus.ts";
import { minimise } from "./minimise.ts";
import type { FuzzTarget } from "./target.ts";

/** What one process is to do. */
export type SessionOptions = {
  readonly seed: number;
  /** Whichever comes first. */
  readonly executionsMax: number;
  readonly durationMs: number;
  readonly corpus: readonly Uint8Array[];
  /** Only these, and nothing made of them. */
  readonly only: readonly Uint8Array[] | null;
  /** Whether those that lead elsewhere are made short at the end, to be kept. */
  readonly grows: boolean;
  /** Told of each input before it runs. */
  readonly before: (input: Uint8Array) => void;
  readonly onFinding: (finding: Finding) => void;
  /** Now and then. */
  readonly onProgress: (executions: number, outcomes: number) => void;
};

export type SessionResult = {
  readonly executions: number;
  readonly outcomes: number;
  /** Inputs that led where neither samples nor corpus did, made short. */
  readonly interesting: readonly Kept[];
};

/** Findings that are alike are told once, and after so many kinds of them it ends. */
const FINDINGS_MAX = 5;
const MINIMISE_TRIES = 1500;
const KEEP_TRIES = 150;
const KEPT_MAX = 100;
const PROGRESS_MS = 250;

/** Runs samples and corpus, then mutants, until time or number is up. */
export async function runSession(
  target: FuzzTarget,
  options: SessionOptions,
): Promise<SessionResult> {
  const { seed, executionsMax, durationMs, corpus, only } = options;
  const fuzzer = new Fuzzer(target, seed, corpus);
  const seen = new Set<string>();
  const endsAt = performance.now() + durationMs;
  let toldAt = performance.now();
  try {
    const given = only ?? fuzzer.given;
    let isKnown = new Set<string>();
    for (let i = 0; seen.size < FINDINGS_MAX; i++) {
      if (i === given.length) isKnown = new Set(fuzzer.interesting.keys());
      if (
        i >= given.length &&
        (only !== null || fuzzer.executions >= executionsMax || performance.now() >= endsAt)
      )
        break;
      const input = given[i] ?? fuzzer.next();
      options.before(input);
      const finding = await fuzzer.try(input);
      if (finding !== null) await tell(fuzzer, finding, seen, options);
      if (performance.now() - toldAt < PROGRESS_MS) continue;
      toldAt = performance.now();
      options.onProgress(fuzzer.executions, fuzzer.interesting.size);
    }
    const { executions } = fuzzer;
    const outcomes = fuzzer.interesting.size;
    const interesting = options.grows ? await shortened(fuzzer, isKnown, options) : [];
    return { executions, outcomes, interesting };
  } finally {
    fuzzer.stop();
  }
}

async function tell(
  fuzzer: Fuzzer,
  finding: Finding,
  seen: Set<string>,
  { before, onFinding }: SessionOptions,
): Promise<void> {
  const like = (other: Finding): string => `${other.kind} ${outcomeText(other.what)}`;
  const name = like(finding);
  if (seen.has(name)) return;
  seen.add(name);
  let shortest = finding;
  const holds = async (shorter: Uint8Array): Promise<boolean> => {
    before(shorter);
    const again = await fuzzer.try(shorter);
    if (again === null || like(again) !== name) return false;
    shortest = again;
    return true;
  };
  await minimise(finding.input, holds, MINIMISE_TRIES);
  onFinding(shortest);
}

async function shortened(
  fuzzer: Fuzzer,
  isKnown: ReadonlySet<string>,
  { before }: SessionOptions,
): Promise<readonly Kept[]> {
  const fresh = [...fuzzer.interesting].filter(([outcome]) => !isKnown.has(outcome));
  const shortest = fresh.sort(([, a], [, b]) => a.length - b.length).slice(0, KEPT_MAX);
  const kept: Kept[] = [];
  for (const [why, input] of shortest) {
    const holds = async (shorter: Uint8Array): Promise<boolean> => {
      before(shorter);
      return (await fuzzer.outcomeOf(shorter)) === why;
    };
    kept.push({ why, input: await minimise(input, holds, KEEP_TRIES) });
  }
  return kept;
}
