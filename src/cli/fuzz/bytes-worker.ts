import { openSync, readFileSync, writeSync } from "node:fs";
import { type Kept, readCorpus } from "../../fuzz/corpus.ts";
import { runSession } from "../../fuzz/session.ts";
import { openTarget, type TargetName } from "../../fuzz/targets.ts";

/** What a process of `ordeal fuzz wire` and the like is given, as JSON. */
export type BytesJob = {
  readonly target: TargetName;
  readonly seed: number;
  readonly executionsMax: number;
  readonly durationMs: number;
  readonly corpus: string | null;
  readonly grows: boolean;
  /** A file: it alone is run. */
  readonly input: string | null;
  /** The input at hand is always in this file: u32 length, bytes. It outlives the process, however that ends. */
  readonly slot: string;
};

/** One line each. */
export type BytesMessage =
  | { readonly kind: "progress"; readonly executions: number; readonly outcomes: number }
  | {
      readonly kind: "finding";
      readonly finding: string;
      readonly what: string;
      readonly base64: string;
    }
  | {
      readonly kind: "end";
      readonly executions: number;
      readonly outcomes: number;
      readonly interesting: readonly { readonly why: string; readonly base64: string }[];
    };

function say(message: BytesMessage): void {
  try {
    writeSync(1, `${JSON.stringify(message)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(1);
    throw error;
  }
}

const job = JSON.parse(process.argv[2] ?? "") as BytesJob;
const slot = openSync(job.slot, "w");
const target = await openTarget(job.target);
const kept: readonly Kept[] = job.corpus === null ? [] : readCorpus(job.corpus, job.target);
// The first line says that what takes long from now on is an input.
say({ kind: "progress", executions: 0, outcomes: 0 });
const { interesting, ...end } = await runSession(target, {
  ...job,
  corpus: kept.map(({ input }) => input),
  only: job.input === null ? null : [new Uint8Array(readFileSync(job.input))],
  before: (input) => {
    const framed = Buffer.alloc(4 + input.length);
    framed.writeUInt32LE(input.length);
    framed.set(input, 4);
    writeSync(slot, framed, 0, framed.length, 0);
  },
  onFinding: ({ kind, what, input }) =>
    say({ kind: "finding", finding: kind, what, base64: input.toBase64() }),
  onProgress: (executions, outcomes) => say({ kind: "progress", executions, outcomes }),
});
await target.stop?.();
const told = interesting.map(({ why, input }) => ({ why, base64: input.toBase64() }));
say({ kind: "end", ...end, interesting: told });
process.exit(0);
