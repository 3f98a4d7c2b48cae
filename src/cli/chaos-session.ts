import type { RunOutcome } from "../chaos/run.ts";
import { UserError } from "../lib/user-error.ts";
import { count, duration, rate } from "../report/format.ts";
import { VERDICT_WORDS } from "../report/words.ts";
import { table } from "./table.ts";

/** How many runs a session has. */
export type SessionFlags = {
  /** Every scenario so many times, with the seed one higher each time; default: once, or no limit with those below. */
  readonly repeat: number | undefined;
  /** Ends with the first run that does not pass. */
  readonly "until-failure": boolean;
  /** No run is begun that would not end within this; undefined: no limit. */
  readonly timeMs: number | undefined;
  /** So many runs at once. */
  readonly jobs: number;
};

/** One run to be: the scenario at this place of the list, with this seed. */
export type Planned = { readonly at: number; readonly seed: number };

export type Session = {
  readonly outcomes: readonly RunOutcome[];
  readonly elapsedMs: number;
  /** Why it ended before all that was asked for was run; null: it did not. */
  readonly ended: string | null;
  readonly isInterrupted: boolean;
};

/** Throws UserError for flags that ask for nothing that ends, or for nothing at all. */
export function checkSession(flags: SessionFlags): void {
  const { repeat = 1, jobs } = flags;
  const problems = Object.entries({ repeat, jobs })
    .filter(([, value]) => !(Number.isSafeInteger(value) && value >= 1))
    .map(([name, value]) => {
      return { where: `--${name}`, what: `is ${value}`, fix: "use a whole number from 1" };
    });
  if (problems.length > 0) throw new UserError("bad session", problems);
}

const SEEDS = 2 ** 32;

/** Every scenario in turn, over and over, each round with the next seed. */
export function* planOf(scenarios: number, seed: number, flags: SessionFlags): Generator<Planned> {
  const isOpen = flags["until-failure"] || flags.timeMs !== undefined;
  const rounds = flags.repeat ?? (isOpen ? Number.POSITIVE_INFINITY : 1);
  for (let round = 0; round < rounds; round++) {
    for (let at = 0; at < scenarios; at++) yield { at, seed: (seed + round) % SEEDS };
  }
}

/**
 * Runs what is planned. `run` gives null when somebody interrupted it, which ends the session as an
 * error does; runs that are under way then are waited for.
 */
export async function playSession(
  scenarios: number,
  seed: number,
  flags: SessionFlags,
  run: (planned: Planned) => Promise<RunOutcome | null>,
): Promise<Session> {
  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  const plan = planOf(scenarios, seed, flags);
  const outcomes: RunOutcome[] = [];
  const slowestMs = new Map<number, number>();
  let ended: string | null = null;
  let isInterrupted = false;
  const isTimeUp = ({ at }: Planned): boolean =>
    flags.timeMs !== undefined && elapsedMs() + (slowestMs.get(at) ?? 0) > flags.timeMs;
  const work = async (): Promise<void> => {
    for (const planned of plan) {
      if (isTimeUp(planned)) ended ??= "the time was up";
      if (ended !== null) return;
      const beganMs = elapsedMs();
      const outcome = await run(planned).catch((error: unknown) => {
        ended ??= "a run could not be completed";
        throw error;
      });
      slowestMs.set(planned.at, Math.max(elapsedMs() - beganMs, slowestMs.get(planned.at) ?? 0));
      if (outcome === null) {
        isInterrupted = true;
        ended = "interrupted";
        return;
      }
      outcomes.push(outcome);
      const isSound = outcome.report.verdict === "pass";
      if (!isSound && flags["until-failure"]) ended ??= "a run did not pass";
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: flags.jobs }, work));
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
  return { outcomes, elapsedMs: elapsedMs(), ended, isInterrupted };
}

/** A row a run, the sum, and the command that repeats it for each that did not pass. */
export function sessionLines({ outcomes, elapsedMs, ended }: Session): readonly string[] {
  const rows = outcomes.map(({ report }) => {
    const { throughput, response } = report.loads[0]!.result;
    const failed = report.checks.filter(({ verdict }) => verdict !== "pass");
    return [
      ...[report.name, String(report.seed), VERDICT_WORDS[report.verdict].toLowerCase()],
      ...[rate(throughput), duration(response.p99), String(report.timeline?.faults.length ?? 0)],
      failed.map(({ name }) => name).join(", "),
    ];
  });
  const bad = outcomes.filter(({ report }) => report.verdict !== "pass");
  const sum = `${count(outcomes.length)} runs in ${duration(elapsedMs * 1000)}, ${count(bad.length)} did not pass`;
  return [
    table(["scenario", "seed", "verdict", "ok", "p99", "faults", "not held"], rows),
    "",
    ended === null ? sum : `${sum}; ended because ${ended}`,
    ...bad.map(({ report }) => `repeat ${report.name}: ${report.command}`),
  ];
}

/** What `--json` says of a session besides its runs. */
export const sessionAsJson = ({ outcomes, elapsedMs, ended }: Session) => {
  const of = (verdict: string): number =>
    outcomes.filter(({ report }) => report.verdict === verdict).length;
  return {
    ...{ runs: outcomes.length, pass: of("pass"), fail: of("fail"), unknown: of("unknown") },
    ...{ elapsedMs: Math.round(elapsedMs), ended },
  };
};
