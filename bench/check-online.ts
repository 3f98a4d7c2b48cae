import { defineFigureSuite, type Figure, figure, type FigureContext } from "../src/bench/dsl.ts";
import { checkHistory } from "../src/check/check.ts";
import { limitsOfLooks } from "../src/check/looks.ts";
import { OnlineChecker } from "../src/check/online/online.ts";
import { feed, follow } from "../src/check/online/testing/follow.ts";
import {
  historyOf,
  PLANTS,
  runStore,
  STORE,
  type StoreEvent,
  type StoreSpec,
} from "../src/check/online/testing/store.ts";
import { Prng } from "../src/lib/prng.ts";
import { median, percentile } from "../src/lib/stats.ts";

const EVENTS = 400_000;
const EVENTS_QUICK = 10_000;
const ROUNDS = 7;
const PLANTED_RUNS = 200;
const PLANTED_RUNS_QUICK = 10;
const COST_MAX_NS = 1000;
const FOUND_MIN = 0.95;
/** By a clock that counts looks at it: 256 steps each. */
const LOOKS_MAX = 500;
const MEMORY_BYTES = 1 << 28;

const BUSY: StoreSpec = { ...STORE, clients: 64, keys: 1000, infos: 0.001, fails: 0.001 };
const COSTS: Readonly<Record<string, StoreSpec>> = {
  "64 clients over 1000 keys": BUSY,
  "64 clients on 1 key": { ...BUSY, keys: 1 },
  "64 clients over 1000 keys, 10 % appends": { ...BUSY, appends: 0.1 },
  "64 clients over 1000 keys, 5 % deletes": { ...BUSY, deletes: 0.05 },
};
const SEARCHED: Readonly<Record<string, StoreSpec>> = {
  "replies without versions and indexes": {
    ...BUSY,
    ...{ versioned: 0, versions: false, indexes: false },
  },
};
const PLANTED: Readonly<Record<string, StoreSpec>> = {
  "6 keys": { ...STORE, keys: 6, clients: 32, events: 4000, infos: 0 },
  "1 key, 5 % deletes": { ...STORE, keys: 1, clients: 8, events: 600, infos: 0, deletes: 0.05 },
};

/** What following a run costs the load generator, and how much of what is wrong it sees how soon. */
export default defineFigureSuite({
  name: "check-online",
  about:
    "The online checker: nanoseconds an operation, memory, and the share of planted faults that it sees while the load runs.",
  run: (context) =>
    Promise.resolve([
      ...Object.entries(COSTS).map(([name, spec]) => cost(context, name, spec, COST_MAX_NS)),
      ...Object.entries(SEARCHED).map(([name, spec]) => cost(context, name, spec, null)),
      memory(context),
      ...Object.entries(PLANTED).flatMap(([name, spec]) => found(context, name, spec)),
    ]),
});

function cost(
  context: FigureContext,
  name: string,
  spec: StoreSpec,
  goalNs: number | null,
): Figure {
  context.progress(`cost: ${name}`);
  const events = context.quick ? EVENTS_QUICK : EVENTS;
  const run = runStore(new Prng(context.seed), { ...spec, events });
  const samples = Array.from({ length: context.quick ? 2 : ROUNDS }, () => {
    const checker = new OnlineChecker({ slots: spec.clients });
    const from = performance.now();
    for (const event of run.events) feed(checker, event);
    return ((performance.now() - from) * 1e6) / (events / 2);
  });
  const [typical, cold] = [Math.round(median(samples)), Math.round(samples[0]!)];
  const note = `invoke and complete; best of ${samples.length}, median ${typical} ns, ${cold} ns cold`;
  const goal = goalNs === null ? null : { atMost: goalNs };
  return figure(`an operation: ${name}`, Math.min(...samples), "ns", { goal, note });
}

/** How much the heap grows from a tenth of a run to its end. */
function memory({ quick, seed, progress }: FigureContext): Figure {
  progress("memory");
  const events = quick ? EVENTS_QUICK : 5 * EVENTS;
  const run = runStore(new Prng(seed), { ...BUSY, events });
  const checker = new OnlineChecker({ slots: BUSY.clients });
  let before = 0;
  for (const [i, event] of run.events.entries()) {
    if (i === events / 10) before = heapMiB();
    feed(checker, event);
  }
  const note = `64 clients over 1000 keys, from ${events / 20} to ${events / 2} operations`;
  return figure("growth of the heap", Math.max(0, heapMiB() - before), "MiB", {
    goal: { atMost: 8 },
    note,
  });
}

function heapMiB(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** Of the faults that the full checker sees in the whole history, those seen while it was fed. */
function found({ quick, seed, progress }: FigureContext, name: string, spec: StoreSpec): Figure[] {
  return PLANTS.map((plant) => {
    progress(`planted: ${plant}, ${name}`);
    const late: number[] = [];
    let missed = 0;
    const runs = quick ? PLANTED_RUNS_QUICK : PLANTED_RUNS;
    for (let i = 0; i < runs; i++) {
      const settings = { ...spec, plant, plantFrom: spec.events / 4 };
      const { events, plantedAt } = runStore(new Prng(seed + i), settings);
      if (plantedAt < 0) continue;
      const seen = follow(events, spec.clients);
      if (seen !== null) late.push(seen.at - plantedAt);
      else if (isViolation(events)) missed++;
    }
    const [p50, p99] = late.length === 0 ? [0, 0] : [median(late), percentile(late, 0.99)];
    const events = `${Math.round(p50)} (p50) and ${Math.round(p99)} (p99) events later`;
    const note = `${late.length} of ${late.length + missed}; ${events}`;
    const share = late.length / Math.max(1, late.length + missed);
    // After deletes versions come back, and a window may have lost what would prove it.
    const goal = spec.deletes > 0 ? null : { atLeast: FOUND_MIN };
    return figure(`share found: ${plant}, ${name}`, share, "ratio", { goal, note });
  });
}

function isViolation(events: readonly StoreEvent[]): boolean {
  const { now, deadlineMs, memoryBytes } = limitsOfLooks(LOOKS_MAX, MEMORY_BYTES);
  const result = checkHistory(historyOf(events), { now, timeoutMs: deadlineMs, memoryBytes });
  return result.kind === "fail";
}
