import type { SimResult, SimStats } from "../../sim/api.ts";

/** What became of one seed. */
export type Outcome = { readonly seed: number; readonly result: SimResult };

export type Failure = Outcome & {
  /** False: run again, the same schedule gave another trace or verdict. That is our own failure. */
  readonly isRepeatable: boolean;
};

/** What a hunt came to. */
export type Tally = {
  readonly first: number;
  readonly seeds: number;
  /** Schedules run: fewer than asked for after a failure. */
  schedules: number;
  /** Of which the checker ran out of its limits. */
  unknown: number;
  firstUnknown: number;
  failure: Failure | null;
  wallMs: number;
  readonly sums: { -readonly [K in keyof SimStats]: number };
};

export const newTally = (first: number, seeds: number): Tally => ({
  first,
  seeds,
  schedules: 0,
  unknown: 0,
  firstUnknown: 0,
  failure: null,
  wallMs: 0,
  sums: {
    simulatedMs: 0,
    events: 0,
    frames: 0,
    framesLost: 0,
    operations: 0,
    operationsOk: 0,
    elections: 0,
    crashes: 0,
    commits: 0,
    snapshotsInstalled: 0,
    membershipChanges: 0,
    transfers: 0,
    readsByLease: 0,
    configs: 0,
    shardMoves: 0,
  },
});

export function addOutcome(tally: Tally, { seed, result }: Outcome): void {
  tally.schedules++;
  if (result.verdict === "unknown" && ++tally.unknown === 1) tally.firstUnknown = seed;
  const sums = tally.sums;
  for (const name of Object.keys(sums) as (keyof SimStats)[]) sums[name] += result.stats[name];
}

/** The document of `--json`. */
export function documentOf(tally: Tally, repeat: (seed: number) => string): object {
  const { first, seeds, schedules, unknown, failure, wallMs, sums } = tally;
  const verdict = failure !== null ? "fail" : unknown > 0 ? "unknown" : "pass";
  return {
    verdict,
    first,
    seeds,
    schedules,
    unknown,
    failure: failure === null ? null : { ...failure, repeat: repeat(failure.seed) },
    wallMs: Math.round(wallMs),
    speed: speedOf(tally),
    totals: sums,
  };
}

export type Speed = {
  /** Virtual seconds in one of wall time. */
  readonly simulatedPerSecond: number;
  readonly schedulesPerMinute: number;
  readonly eventsPerSecond: number;
};

export function speedOf({ wallMs, schedules, sums }: Tally): Speed {
  const seconds = Math.max(wallMs, 1) / 1000;
  return {
    simulatedPerSecond: Math.round(sums.simulatedMs / 1000 / seconds),
    schedulesPerMinute: Math.round((schedules * 60) / seconds),
    eventsPerSecond: Math.round(sums.events / seconds),
  };
}

/** A few lines for people. */
export function summaryOf(tally: Tally, repeat: (seed: number) => string): string {
  const { failure, schedules, unknown, sums } = tally;
  const count = (n: number): string => n.toLocaleString("en");
  const lines: string[] = [];
  if (failure !== null) lines.push(...failureLines(failure, repeat(failure.seed)), "");
  else if (unknown > 0) {
    lines.push(`UNKNOWN  the checker ran out of memory or time in ${unknown} schedules`);
    lines.push(`repeat   ${repeat(tally.firstUnknown)}`);
  } else
    lines.push(
      `PASS  ${count(schedules)} ${schedules === 1 ? "schedule" : "schedules"}, every invariant held`,
    );
  const speed = speedOf(tally);
  lines.push(
    `did   ${count(sums.operations)} operations, ${count(sums.commits)} entries committed, ` +
      `${count(sums.elections)} elections, ${count(sums.crashes)} crashes`,
    `      ${count(sums.snapshotsInstalled)} snapshots installed, ` +
      `${count(sums.membershipChanges)} membership changes, ${count(sums.transfers)} transfers`,
    ...(sums.configs === 0
      ? []
      : [`      ${count(sums.configs)} shard configs, ${count(sums.shardMoves)} shards moved`]),
    `speed ${count(speed.simulatedPerSecond)} simulated seconds a second, ` +
      `${count(speed.schedulesPerMinute)} schedules a minute, ` +
      `${count(speed.eventsPerSecond)} events a second`,
  );
  return lines.join("\n");
}

function failureLines({ seed, result, isRepeatable }: Failure, repeat: string): string[] {
  const { violation, traceHash } = result;
  if (violation === null) return [];
  const { invariant, message, atMs, event, evidence } = violation;
  const when = `after ${(atMs / 1000).toFixed(3)} virtual seconds, event ${event}`;
  const lines = [`FAIL  seed ${seed} breaks ${invariant}: ${message}`, `      ${when}`];
  for (const line of evidence) lines.push(`      ${line}`);
  if (!isRepeatable) lines.push("      NOT REPEATABLE: run again, the trace was another one");
  lines.push(`trace   ${traceHash}`, `repeat  ${repeat}`);
  return lines;
}
