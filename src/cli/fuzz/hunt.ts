import {
  addCounts,
  type Counts,
  type Finding,
  fuzzSeed,
  newCounts,
} from "../../check/fuzz/hunt.ts";
import { ownCommand } from "../../runtime/self.ts";

export type HuntOptions = {
  /** The first seed; there is one history a seed. */
  readonly first: number;
  readonly histories: number;
  /** Processes; 1: this one alone. */
  readonly jobs: number;
};

/** What a worker process is given: seeds first, first + step, …, below `end`. */
export type WorkerJob = { readonly first: number; readonly step: number; readonly end: number };

/** What came of some seeds. */
export type Batch = { readonly counts: Counts; readonly findings: readonly Finding[] };

export type Tally = {
  readonly counts: Counts;
  /** The first few, by seed. */
  findings: readonly Finding[];
  wallMs: number;
};

const BATCH_HISTORIES = 500;
/** Disagreements beyond these are counted only: a mistake shows in many histories. */
const FINDINGS_MAX = 10;

/** Judges history after history, and keeps those on which the checker is wrong. */
export async function huntDisagreements(
  { first, histories, jobs }: HuntOptions,
  onProgress: (tally: Tally) => void,
): Promise<Tally> {
  const tally: Tally = { counts: newCounts(), findings: [], wallMs: 0 };
  const startedAt = performance.now();
  const take = ({ counts, findings }: Batch): void => {
    addCounts(tally.counts, counts);
    const all = [...tally.findings, ...findings].sort((a, b) => a.seed - b.seed);
    tally.findings = all.slice(0, FINDINGS_MAX);
    tally.wallMs = performance.now() - startedAt;
    onProgress(tally);
  };
  const end = first + histories;
  if (jobs === 1) runJob({ first, step: 1, end }, take);
  else await runWorkers({ first, step: jobs, end }, take);
  return tally;
}

export function runJob({ first, step, end }: WorkerJob, onBatch: (batch: Batch) => void): void {
  let found = 0;
  for (let seed = first; seed < end;) {
    const counts = newCounts();
    const findings: Finding[] = [];
    for (; counts.histories < BATCH_HISTORIES && seed < end; seed += step) {
      const finding = fuzzSeed(seed, counts);
      if (finding !== null && found++ < FINDINGS_MAX) findings.push(finding);
    }
    onBatch({ counts, findings });
  }
}

async function runWorkers(
  { first, step, end }: WorkerJob,
  take: (batch: Batch) => void,
): Promise<void> {
  const children = Array.from({ length: step }, (_, i) => {
    const job: WorkerJob = { first: first + i, step, end };
    return Bun.spawn(ownCommand("fuzz-worker", [JSON.stringify(job)]), {
      stdio: ["ignore", "pipe", "inherit"],
    });
  });
  const stop = (): void => children.forEach((child) => child.kill());
  process.once("exit", stop);
  const read = async (child: (typeof children)[number]): Promise<void> => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) take(JSON.parse(line) as Batch);
    }
    const code = await child.exited;
    if (code !== 0) throw new Error(`a fuzzing process ended with code ${code}`);
  };
  try {
    await Promise.all(children.map(read));
  } finally {
    stop();
    process.removeListener("exit", stop);
  }
}
