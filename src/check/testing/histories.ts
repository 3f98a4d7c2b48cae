import { HistoryWriter, NO_VALUE, readHistory } from "../../history/codec.ts";
import {
  type History,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import type { Prng } from "../../lib/prng.ts";

/** Random histories of a correct versioned store, as clients see it, with shares of each trouble. */
export type HistorySpec = {
  readonly operations: number;
  readonly clients: number;
  readonly keys: number;
  /** Shares; the rest are unconditional puts. */
  readonly gets: number;
  readonly versioned: number;
  readonly appends: number;
  readonly deletes: number;
  /** Share of operations that are never answered, and of those that take effect all the same. */
  readonly infos: number;
  readonly fails: number;
  /** 0: each value is new; otherwise values come from so many. */
  readonly values: number;
  /** Whether replies tell versions, and log indexes. */
  readonly versions: boolean;
  readonly indexes: boolean;
};

export const MIXED: HistorySpec = {
  ...{ operations: 8, clients: 3, keys: 1, values: 0, versions: true, indexes: true },
  ...{ gets: 0.4, versioned: 0.2, appends: 0.1, deletes: 0.05, infos: 0.15, fails: 0.05 },
};

/** What a client saw of one operation; `at…` are points in time of the simulated run. */
export type Event = {
  process: number;
  op: number;
  key: number;
  value: string | null;
  expected: number;
  outcome: number;
  version: number;
  index: number;
  calledAt: number;
  returnedAt: number;
};

type Cell = { version: number; value: string | null };

/** Runs random clients against one correct copy of the store. */
export function simulate(random: Prng, spec: HistorySpec): Event[] {
  const cells = Array.from({ length: spec.keys }, (): Cell => ({ version: 0, value: null }));
  const events: Event[] = [];
  const effects: { at: number; event: Event }[] = [];
  const freeAt = Array.from({ length: spec.clients }, () => random.float());
  const processOf = Array.from({ length: spec.clients }, (_, i) => i);
  for (let i = 0; i < spec.operations; i++) {
    const client = freeAt.indexOf(Math.min(...freeAt));
    const calledAt = freeAt[client]!;
    const tookUs = random.exponential(1) + 0.01;
    const event = ask(random, spec, i, processOf[client]!, calledAt, tookUs);
    freeAt[client] = calledAt + tookUs + random.float() * 0.5;
    if (event.outcome === OUTCOME_INFO) processOf[client] = spec.clients + i;
    const isLate = event.outcome === OUTCOME_INFO ? random.float() * 8 : random.float();
    const lost = event.outcome === OUTCOME_INFO && random.chance(0.5);
    if (event.outcome !== OUTCOME_FAIL && !lost) {
      effects.push({ at: calledAt + tookUs * isLate, event });
    }
    events.push(event);
  }
  effects.sort((a, b) => a.at - b.at);
  let index = 0;
  for (const { event } of effects) takeEffect(cells[event.key]!, event, ++index, spec);
  return events;
}

function ask(
  random: Prng,
  spec: HistorySpec,
  i: number,
  process: number,
  calledAt: number,
  tookUs: number,
): Event {
  const kind = random.float() - spec.gets;
  const isVersioned = kind >= 0 && kind < spec.versioned;
  const isAppend = kind >= spec.versioned && kind < spec.versioned + spec.appends;
  const isDelete =
    kind >= spec.versioned + spec.appends && kind < spec.versioned + spec.appends + spec.deletes;
  const op = kind < 0 ? OP_GET : isAppend ? OP_APPEND : isDelete ? OP_DELETE : OP_PUT;
  const fate = random.float();
  const outcome =
    fate < spec.infos ? OUTCOME_INFO : fate < spec.infos + spec.fails ? OUTCOME_FAIL : OUTCOME_OK;
  const argument = `v${spec.values > 0 ? random.below(spec.values) : i}`;
  return {
    ...{ process, op, key: random.below(spec.keys), outcome, version: -1, index: 0 },
    value: op === OP_PUT || op === OP_APPEND ? argument : null,
    expected: isVersioned ? random.below(4) : -1,
    ...{ calledAt, returnedAt: outcome === OUTCOME_INFO ? Infinity : calledAt + tookUs },
  };
}

/** What the store does, and what its reply tells. */
function takeEffect(cell: Cell, event: Event, index: number, spec: HistorySpec): void {
  const isRefused = event.expected >= 0 && event.expected !== cell.version;
  if (event.op === OP_DELETE) Object.assign(cell, { version: 0, value: null });
  else if (event.op === OP_PUT && !isRefused) {
    Object.assign(cell, { version: cell.version + 1, value: event.value });
  } else if (event.op === OP_APPEND) {
    Object.assign(cell, { version: cell.version + 1, value: (cell.value ?? "") + event.value });
  }
  if (event.outcome === OUTCOME_INFO) return;
  if (isRefused) event.outcome = OUTCOME_MISMATCH;
  if (event.op === OP_GET) event.value = cell.value;
  if (spec.versions) event.version = cell.version;
  if (spec.indexes) event.index = index;
}

/** Changes one reply, so that the history is probably not linearizable any more. */
export function mutate(random: Prng, events: Event[]): void {
  const answered = events.filter((e) => e.outcome === OUTCOME_OK || e.outcome === OUTCOME_MISMATCH);
  if (answered.length === 0) return;
  const victim = random.pick(answered);
  const other = random.pick(answered);
  const what = random.below(4);
  if (what === 0 && victim.op === OP_GET && other.op === OP_GET) {
    Object.assign(victim, { value: other.value, version: other.version });
  } else if (what === 1 && victim.version >= 0) {
    victim.version = Math.max(0, victim.version + random.between(-1, 1));
  } else if (what === 2 && victim.op !== OP_GET) {
    victim.outcome = OUTCOME_INFO;
    victim.returnedAt = Infinity;
    victim.process = 1000; // A process ends with an operation that is never answered.
  } else if (victim.op === OP_GET) {
    victim.value = other.value;
  }
}

/** The recording of `events`: through the real file format and back. */
export function recordOf(events: readonly Event[], keys: number): History {
  const writer = new HistoryWriter(0);
  for (let k = 0; k < keys; k++) writer.defineKey(`k${k}`);
  const handles = new Map<string, number>();
  const handleOf = (value: string | null): number => {
    if (value === null) return NO_VALUE;
    if (!handles.has(value)) handles.set(value, writer.defineValue(value));
    return handles.get(value)!;
  };
  const moments = events.flatMap((event) => {
    const call = { at: event.calledAt, event, isCall: true };
    if (event.returnedAt === Infinity) return [call];
    return [call, { at: event.returnedAt, event, isCall: false }];
  });
  moments.sort((a, b) => a.at - b.at);
  for (const { at, event: e, isCall } of moments) {
    const value = handleOf(isCall === (e.op !== OP_GET) ? e.value : null);
    if (isCall) writer.invoke(e.process, e.op, e.key, value, e.expected, at);
    else writer.complete(e.process, e.outcome, e.version, e.index, value, at);
  }
  const blocks: Uint8Array[] = [];
  for (let b = writer.take(); b !== null; b = writer.take()) blocks.push(b);
  return readHistory(new Uint8Array(Buffer.concat(blocks)));
}
