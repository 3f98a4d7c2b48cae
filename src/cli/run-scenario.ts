import type { RunOutcome, RunOptions } from "../chaos/run.ts";
import { Interrupted } from "../chaos/run.ts";
import { runScenario } from "../chaos/runner.ts";
import type { Scenario } from "../chaos/scenario.ts";
import { openLiveView } from "../dashboard/terminal.ts";
import type { Verdict } from "../report/schema.ts";
import { summaryLines } from "../report/terminal.ts";
import { localTarget } from "../target/local.ts";
import type { Target } from "../target/target.ts";
import { startGenerator } from "./generator.ts";
import { type ProgressStyle, progressLine } from "./progress-lines.ts";
import { realStory } from "./story/real-story.ts";
import { useColours } from "./colours.ts";

/** Exit codes of a verdict, and of a run that somebody ended. */
export const EXIT_OF: Readonly<Record<Verdict, number>> = { pass: 0, fail: 2, unknown: 3 };
export const EXIT_INTERRUPTED = 130;

/** What chaos and demo leave to the flags. */
export type Settings = Pick<
  RunOptions,
  | "kind"
  | "seed"
  | "durationMs"
  | "command"
  | "place"
  | "reportsDir"
  | "keep"
  | "record"
  | "stopOnViolation"
  | "play"
> & {
  /** Default: Ordeal's own store. */
  readonly target?: Target;
  /** Default: auto. */
  readonly progress?: ProgressStyle | undefined;
};

/** A seed for a run that was not given one. Printed, so that the run can be repeated. */
export const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** Recording halves what a closed loop gets through; at this rate it costs next to nothing. */
const RECORDED_RATE_MAX = 2_500;
/** About 1 MB a second. */
const RECORDED_MS_MAX = 60_000;

const isCheapToRecord = ({ workload }: Scenario, { kind, durationMs }: Settings): boolean =>
  kind === "chaos" &&
  (workload.rate ?? Infinity) <= RECORDED_RATE_MAX &&
  durationMs <= RECORDED_MS_MAX;

/**
 * Runs a scenario on processes of this machine with the live view on stderr. Ctrl-C ends the run and every
 * process of it, and gives null; a second Ctrl-C does not wait for that (the processes end with us).
 */
export async function runAndShow(
  scenario: Scenario,
  settings: Settings,
): Promise<RunOutcome | null> {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(EXIT_INTERRUPTED);
    abort.abort(new Interrupted());
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const isForPrograms = settings.progress === "json";
  const view = isForPrograms ? null : openLiveView(process.stderr, useColours(process.stderr));
  const release = (): void => {
    view?.close();
    process.removeListener("SIGINT", onSignal);
    process.removeListener("SIGTERM", onSignal);
  };
  try {
    return await runScenario(settings.target ?? localTarget, scenario, {
      ...settings,
      startLoad: startGenerator,
      record: settings.record ?? (isCheapToRecord(scenario, settings) ? "failures" : false),
      tellStory: realStory,
      onProgress: (progress) => {
        const { name } = scenario;
        view?.update({ title: name, seed: settings.seed, ...progress });
        if (isForPrograms) {
          // Not by console.error, which may colour it.
          process.stderr.write(`${JSON.stringify(progressLine(name, settings.seed, progress))}\n`);
        }
        // The checker computes without a pause in which a handler could run, and there is nothing
        // left to stop: from here on a signal simply ends the process.
        if (progress.phase === "checking") release();
      },
      signal: abort.signal,
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    view?.close();
    console.error("interrupted: every process of the run is stopped");
    return null;
  } finally {
    release();
  }
}

/** What ends a run on a terminal: verdict, figures, checks, where the page is, how to repeat it. */
export function printSummary({ report, html }: RunOutcome): void {
  const colour = useColours(process.stdout);
  console.log(summaryLines(report, { path: html, colour }).join("\n"));
}
