import { namesOnly } from "./action-nodes.ts";
import type { SimResult, SimSchedule } from "./api.ts";
import { runSchedule } from "./run.ts";
import { settledFates, withoutChance } from "./shrink-messages.ts";
import { calmer } from "./shrink-config.ts";

export type ShrinkLimits = {
  /** Runs of candidates. */
  readonly runsMax: number;
  /** Any clock, and when on it to stop. What came out by then stands; it may not be the smallest. */
  readonly now: () => number;
  readonly until: number;
};

export type Shrunk = {
  readonly schedule: SimSchedule;
  readonly result: SimResult;
  /** Candidates that were run. */
  readonly runs: number;
};

/** A sweep over all passes is worth repeating: what one takes away makes room for another. */
const SWEEPS_MAX = 6;
/** Idle time below this is not looked at. Virtual ms. */
const GAP_MS_MIN = 4;

/** A cluster of fewer replicates nothing that could be lost. */
const NODES_MIN = 3;
/** Stories of so many events are short; longer ones are worth some luck: so many seeds for each size. */
const EVENTS_FEW = 6;
const LUCK = 32;
const FEW = [1, 2, 4, 8, 16, 32, 64];

/** What the schedule makes happen: faults and other actions, client operations, fates of frames. */
export const eventsOf = ({ actions, operations, fates = [] }: SimSchedule): number =>
  actions.length + operations.length + fates.length;

/**
 * Takes away from a schedule that fails all that its violation does not need: the end, actions,
 * operations, nodes, chance on the links, idle time. What is left breaks the same invariant, is
 * minimal as far as the limits allow to find, and the same for the same input (as long as `until`
 * does not cut it short). `run` is runSchedule but in tests.
 */
export function shrinkSchedule(
  schedule: SimSchedule,
  limits: ShrinkLimits,
  run: Run = (candidate, settles) => runSchedule(candidate, null, settles),
): Shrunk {
  const search = new Search(schedule, limits, run);
  truncate(search);
  let size = Infinity;
  // A long story is worth new luck (reseed) even where nothing more can be taken away singly.
  const isWorthIt = (): boolean => sizeOf(search.best) < size || eventsOf(search.best) > EVENTS_FEW;
  for (let sweep = 0; sweep < SWEEPS_MAX && isWorthIt(); sweep++) {
    size = sizeOf(search.best);
    for (const pass of PASSES) {
      pass(search);
      truncate(search);
    }
  }
  return { schedule: search.best, result: search.result, runs: search.runs };
}

/** Smaller is better: what a sweep must bring down for another one to be worth it. */
const sizeOf = (s: SimSchedule): number => eventsOf(s) * 1e6 + s.nodes * 1e5 + s.durationMs;

/** Without `settles`, a violation counts only before the end of the faults. */
type Run = (schedule: SimSchedule, settles: boolean) => SimResult;

/** The smallest failing schedule so far, and the means to try a smaller one. */
class Search {
  best: SimSchedule;
  result: SimResult;
  runs = 0;
  readonly #limits: ShrinkLimits;
  readonly #run: Run;
  /** The violation is seen only when all is healed: candidates must be run to their very end. */
  readonly #settles: boolean;

  constructor(schedule: SimSchedule, limits: ShrinkLimits, run: Run) {
    this.best = schedule;
    this.#limits = limits;
    this.#run = run;
    this.result = run(schedule, true);
    this.#settles = (this.result.violation?.atMs ?? 0) >= schedule.durationMs;
  }

  get isOver(): boolean {
    const { runsMax, now, until } = this.#limits;
    return this.result.violation === null || this.runs >= runsMax || now() >= until;
  }

  /** Takes `candidate` if it fails in the same way. */
  try(candidate: SimSchedule): boolean {
    if (this.isOver) return false;
    this.runs++;
    const result = this.#run(candidate, this.#settles);
    if (result.violation?.invariant !== this.result.violation?.invariant) return false;
    this.best = candidate;
    this.result = result;
    return true;
  }

  /** Removes from a list as many items as possible, in runs that become shorter (Zeller's ddmin). */
  thin<T>(items: readonly T[], make: (items: readonly T[]) => SimSchedule): void {
    let left = items;
    if (left.length > 0 && this.try(make([]))) return;
    for (let size = Math.ceil(left.length / 2); size >= 1 && !this.isOver;) {
      let removed = false;
      // From the end: what comes late shifts nothing before it.
      for (let to = left.length; to > 0; to -= size) {
        const from = Math.max(0, to - size);
        const rest = [...left.slice(0, from), ...left.slice(to)];
        if (rest.length === left.length || !this.try(make(rest))) continue;
        left = rest;
        removed = true;
      }
      if (size > 1) size = Math.ceil(size / 2);
      else if (!removed) return;
    }
  }
}

type Pass = (search: Search) => void;

/** Nothing after the violation had a part in it; faults end sooner where it is seen after them. */
const truncate: Pass = (search) => {
  const { violation } = search.result;
  if (violation === null) return;
  const endMs = Math.floor(violation.atMs) + 1;
  if (endMs < search.best.durationMs) search.try(upTo(search.best, endMs));
};

function upTo(schedule: SimSchedule, durationMs: number): SimSchedule {
  const isBefore = ({ atMs }: { readonly atMs: number }): boolean => atMs <= durationMs;
  return {
    ...schedule,
    durationMs,
    actions: schedule.actions.filter(isBefore),
    operations: schedule.operations.filter(isBefore),
  };
}

/** A violation that only the end shows, such as a lost write, may need but a part of the time. */
const shorten: Pass = (search) => {
  for (const share of [0.1, 0.25, 0.5, 0.75, 0.9]) {
    if (search.try(upTo(search.best, Math.ceil(search.best.durationMs * share)))) return;
  }
};

const thinActions: Pass = (search) =>
  search.thin(search.best.actions, (actions) => ({ ...search.best, actions }));

const thinOperations: Pass = (search) =>
  search.thin(search.best.operations, (operations) => ({ ...search.best, operations }));

/**
 * Where taking away shifts too much, luck helps: a few of the operations with other delays and
 * timeouts. Only when the story would be long otherwise.
 */
const reseed: Pass = (search) => {
  for (const count of FEW) {
    const { operations, seed } = search.best;
    if (operations.length <= 2 * count || eventsOf(search.best) <= EVENTS_FEW) return;
    const choices = choicesOf(search.best, count);
    for (let luck = 0; luck < LUCK && !search.isOver; luck++) {
      const few = choices[luck % choices.length]!;
      // Another seed with each run, the first one once: a later sweep has new luck.
      const other = luck === 0 ? seed : seed + search.runs;
      if (search.try({ ...search.best, seed: other, operations: few })) return;
    }
  }
};

/** So many of the operations: the last, some now and then, those around the last fault. */
function choicesOf({ operations, actions }: SimSchedule, count: number) {
  const { length } = operations;
  const faultMs = actions.at(-1)?.atMs ?? 0;
  const after = operations.findIndex(({ atMs }) => atMs >= faultMs);
  const fault = after === -1 ? length : after;
  const span = (from: number) => operations.slice(Math.max(0, from), Math.max(0, from) + count);
  return [
    span(fault - Math.ceil(count / 2)),
    span(length - count),
    span(fault),
    Array.from({ length: count }, (_, i) => operations[Math.floor((i * length) / count)]!),
  ];
}

/** Without any chance, or else with what came of it as data, of which most may go. */
const thinMessages: Pass = (search) => {
  if (withoutChance(search.best) !== search.best && !search.try(withoutChance(search.best))) {
    search.try(settledFates(search.best));
  }
  search.thin(search.best.fates ?? [], (fates) => ({ ...search.best, fates }));
};

const calm: Pass = (search) => {
  for (const change of calmer) {
    const config = change(search.best.config);
    if (JSON.stringify(config) !== JSON.stringify(search.best.config)) {
      search.try({ ...search.best, config });
    }
  }
};

const fewerNodes: Pass = (search) => {
  const sizes: [nodes: number, spares: number][] = [];
  const { nodes, spares } = search.best;
  for (let n = Math.min(NODES_MIN, nodes); n < nodes; n++) sizes.push([n, 0], [n, spares]);
  sizes.push([nodes, 0]);
  for (const [fewer, rest] of sizes) {
    if (fewer + rest >= nodes + spares) continue;
    if (search.try(withNodes(search.best, fewer, rest))) return;
  }
};

function withNodes(schedule: SimSchedule, nodes: number, spares: number): SimSchedule {
  const all = nodes + spares;
  const { fates = [] } = schedule;
  return {
    ...{ ...schedule, nodes, spares },
    actions: schedule.actions.filter((action) => namesOnly(action, all)),
    fates: fates.filter(({ from, to }) => Math.max(from, to) <= all),
  };
}

/** One client where that is enough, one key, and plain writes. */
const plainOperations: Pass = (search) => {
  for (const plain of [{ client: 0 }, { key: 0 }, { op: "put" as const }]) {
    const all = search.best.operations.map((operation) => ({ ...operation, ...plain }));
    if (search.try({ ...search.best, operations: all })) continue;
    for (const [i, operation] of search.best.operations.entries()) {
      const changed = search.best.operations.with(i, { ...operation, ...plain });
      search.try({ ...search.best, operations: changed });
    }
  }
  const clients = 1 + Math.max(0, ...search.best.operations.map(({ client }) => client));
  if (clients >= search.best.config.clients) return;
  search.try({ ...search.best, config: { ...search.best.config, clients } });
};

/** Idle time goes: all that comes after a gap comes earlier. */
const closeGaps: Pass = (search) => {
  for (const part of [0, 0.5, 0.8]) {
    const timesOf = ({ actions, operations }: SimSchedule): number[] =>
      [...new Set([0, ...[...actions, ...operations].map(({ atMs }) => atMs)])].sort(
        (a, b) => a - b,
      );
    for (let i = 1; i < timesOf(search.best).length && !search.isOver; i++) {
      const times = timesOf(search.best);
      const gap = times[i]! - times[i - 1]!;
      if (gap < GAP_MS_MIN) continue;
      search.try(earlier(search.best, times[i]!, Math.floor(gap * (1 - part))));
    }
  }
};

/** The schedule with everything from `fromMs` on `byMs` earlier. */
function earlier(schedule: SimSchedule, fromMs: number, byMs: number): SimSchedule {
  const shift = <T extends { readonly atMs: number }>(items: readonly T[]): readonly T[] =>
    items.map((item) => (item.atMs < fromMs ? item : { ...item, atMs: item.atMs - byMs }));
  return {
    ...schedule,
    durationMs: schedule.durationMs - byMs,
    actions: shift(schedule.actions),
    operations: shift(schedule.operations),
  };
}

/** Whole milliseconds read better. */
const roundTimes: Pass = (search) => {
  const round = <T extends { readonly atMs: number }>(items: readonly T[]): readonly T[] =>
    items.map((item) => ({ ...item, atMs: Math.round(item.atMs) }));
  const { actions, operations } = search.best;
  if ([...actions, ...operations].every(({ atMs }) => Number.isInteger(atMs))) return;
  search.try({ ...search.best, actions: round(actions), operations: round(operations) });
};

const PASSES: readonly Pass[] = [
  shorten,
  thinActions,
  reseed,
  thinOperations,
  thinMessages,
  calm,
  fewerNodes,
  plainOperations,
  closeGaps,
  roundTimes,
];
