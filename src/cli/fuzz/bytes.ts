import { mkdtempSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addToCorpus, type Kept } from "../../fuzz/corpus.ts";
import { type Finding, nameOf } from "../../fuzz/engine.ts";
import { minimise } from "../../fuzz/minimise.ts";
import type { TargetName } from "../../fuzz/targets.ts";
import { ownCommand } from "../../runtime/self.ts";
import type { BytesJob, BytesMessage } from "./bytes-worker.ts";
import { runWatched } from "./watched.ts";

export type BytesOptions = {
  readonly target: TargetName;
  readonly seed: number;
  readonly executionsMax: number;
  readonly durationMs: number;
  readonly jobs: number;
  /** Where to read inputs from; and to write new ones to, if `grows`. */
  readonly corpus: string | null;
  readonly grows: boolean;
  readonly input: string | null;
  /** Where failing inputs go. */
  readonly keep: string;
};

export type KeptFinding = Omit<Finding, "input"> & {
  readonly bytes: number;
  readonly file: string;
};
export type BytesTally = {
  readonly target: TargetName;
  executions: number;
  /** Of the process that saw most. */
  outcomes: number;
  findings: readonly KeptFinding[];
  wallMs: number;
};

/** An input that takes longer hangs; patient, for the machine may be busy. */
const HANG_MS = 20_000;
/** To make an input smaller that a process does not survive takes a process a try. */
const CHILD_TRIES = 24;

/** Fuzzes one decoder in processes of their own, which may crash and hang. */
export async function fuzzBytes(
  options: BytesOptions,
  onProgress: (tally: BytesTally) => void,
): Promise<BytesTally> {
  const { target, jobs, executionsMax, keep } = options;
  const tally: BytesTally = { target, executions: 0, outcomes: 0, findings: [], wallMs: 0 };
  const dir = mkdtempSync(join(tmpdir(), "ordeal-fuzz-"));
  const startedAt = performance.now();
  const executions = new Map<number, number>();
  const interesting: Kept[] = [];
  const found: Finding[] = [];
  const take = (index: number, message: BytesMessage): void => {
    if (message.kind === "finding") {
      const input = Uint8Array.fromBase64(message.base64);
      found.push({ kind: message.finding as Finding["kind"], what: message.what, input });
      return;
    }
    executions.set(index, message.executions);
    tally.executions = [...executions.values()].reduce((a, b) => a + b, 0);
    tally.outcomes = Math.max(tally.outcomes, message.outcomes);
    tally.wallMs = performance.now() - startedAt;
    if (message.kind === "progress") return onProgress(tally);
    for (const { why, base64 } of message.interesting)
      interesting.push({ why, input: Uint8Array.fromBase64(base64) });
  };
  try {
    const runs = Array.from({ length: jobs }, async (_, index) => {
      const job: BytesJob = {
        ...options,
        ...{ seed: options.seed + index, executionsMax: Math.ceil(executionsMax / jobs) },
        slot: join(dir, `slot-${index}`),
      };
      const ended = await runJob(job, (message) => take(index, message));
      if (ended !== null) found.push(await smaller(job, ended));
    });
    await Promise.all(runs);
    tally.findings = await Promise.all(found.map((finding) => keepFinding(finding, keep)));
    if (options.corpus !== null && options.grows)
      await addToCorpus(options.corpus, target, interesting);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return tally;
}

const runJob = (
  job: BytesJob,
  onMessage: (message: BytesMessage) => void,
): Promise<Finding | null> =>
  runWatched({
    command: ownCommand("fuzz-bytes-worker", [JSON.stringify(job)]),
    ...{ slot: job.slot, hangMs: HANG_MS, onMessage },
  });

async function smaller(job: BytesJob, finding: Finding): Promise<Finding> {
  const path = `${job.slot}-smaller`;
  const holds = async (input: Uint8Array): Promise<boolean> => {
    await Bun.write(path, input);
    const again = await runJob({ ...job, input: path }, () => {});
    return again?.kind === finding.kind;
  };
  return { ...finding, input: await minimise(finding.input, holds, CHILD_TRIES) };
}

async function keepFinding({ kind, what, input }: Finding, keep: string): Promise<KeptFinding> {
  await mkdir(keep, { recursive: true });
  const file = join(keep, `${kind}-${nameOf(input)}.bin`);
  await Bun.write(file, input);
  return { kind, what, bytes: input.length, file };
}
