import type { PowerLossKeeps } from "../../fault/vocabulary.ts";
import { crc32 } from "../../lib/crc32.ts";
import { asIndex, asNode, asTerm, GROUP_1 } from "../../lib/ids.ts";
import { Prng } from "../../lib/prng.ts";
import type { HardState, Restored } from "../../raft/api.ts";
import { eachEntry, ENTRY_HEADER_BYTES } from "../../raft/batch.ts";
import { ENTRY_COMMAND, type EntryBatch } from "../../raft/types.ts";
import type { LogStorage, LogWrite, RecoveredGroups } from "../../storage/log-storage.ts";
import { flipBits } from "../../storage/flip-bits.ts";
import { PlainDisk } from "../../storage/plain-disk.ts";
import { VolatileDisk } from "../../storage/volatile-disk.ts";
import { openWal } from "../../storage/wal.ts";

/** What a log must never do. */
export type WalViolation = {
  /** DUR: what was durable is gone or changed. RESTART: a sound log does not open. */
  readonly invariant: "DUR" | "RESTART";
  readonly message: string;
};

/** Hard state and entries, by content: what the log must give back. */
type State = { readonly hardState: HardState; readonly entries: readonly Entry[] };
type Entry = { readonly term: number; readonly mark: number };

const DIR = "/data";
const KEEPS: readonly PowerLossKeeps[] = ["nothing", "prefix", "subset", "torn"];
const EMPTY: State = { hardState: { term: asTerm(0), votedFor: asNode(0) }, entries: [] };

/**
 * One node's log through several lives, each ended by a loss of power: random writes, syncs that
 * fail, bits that flip. After each start the log must hold a prefix of what was written, with at
 * least all that was called durable; after a flipped bit it may refuse to open instead. Null when it does.
 */
export function runWal(seed: number): WalViolation | null {
  const random = new Prng(seed);
  const platter = new PlainDisk();
  let possible: readonly State[] = [EMPTY];
  const lives = random.between(2, 5);
  for (let life = 0; life < lives; life++) {
    const flipped = life > 0 && random.chance(0.3);
    if (flipped) flipBits([...platter.files().values()], 1, random);
    const machine = powerUp(platter, random.fork(`life ${life}`));
    const opened = open(machine.disk, random);
    if (opened.error !== null) {
      if (flipped) return null;
      return { invariant: "RESTART", message: `life ${life}: ${opened.error}` };
    }
    const found = stateOf(opened.groups.get(GROUP_1));
    if (!possible.some((state) => same(state, found))) {
      const message =
        `life ${life}: found ${describe(found)}; durable was at least ` +
        `${describe(possible[0]!)}, written ${describe(possible[possible.length - 1]!)}`;
      return { invariant: "DUR", message };
    }
    possible = live(opened, machine, found, random);
    machine.disk.losePower(random.pick(KEEPS));
  }
  return null;
}

/** A machine of which the operations away from the event loop end one by one, in order. */
type Machine = { readonly disk: VolatileDisk; readonly settleOne: () => void };

function powerUp(platter: PlainDisk, random: Prng): Machine {
  const queue: (() => void)[] = [];
  const disk = new VolatileDisk(platter, {
    prng: random,
    later: (_operation, _bytes, work) => void queue.push(work),
  });
  return { disk, settleOne: () => queue.shift()?.() };
}

type Opened = {
  readonly wal: LogStorage;
  readonly groups: RecoveredGroups;
  readonly failed: () => boolean;
  readonly error: null;
};

function open(disk: VolatileDisk, random: Prng): Opened | { readonly error: string } {
  let failed = false;
  try {
    const { wal, groups } = openWal({
      port: disk,
      dir: DIR,
      identity: { clusterId: "sim", nodeId: asNode(1) },
      now: () => 0,
      onFatal: () => (failed = true),
      syncNowBytesMax: random.pick([0, 512, 1 << 20]),
      segmentSizes: { first: 4096, max: 8192 },
    });
    return { wal, groups, failed: () => failed, error: null };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Writes until the power goes or the log gives up. Returns what may be found then, oldest first. */
function live(
  opened: Opened,
  { disk, settleOne }: Machine,
  found: State,
  random: Prng,
): readonly State[] {
  const states: State[] = [found];
  let durable = 0;
  const steps = random.between(1, 40);
  const failAt = random.chance(0.3) ? random.below(steps) : -1;
  for (let step = 0; step < steps && !opened.failed(); step++) {
    if (step === failAt) disk.failing = "sync";
    const before = states[states.length - 1]!;
    const [write, after] = drawWrite(before, states.length, random);
    states.push(after);
    opened.wal.append(GROUP_1, write, (seq) => (durable = seq));
    if (random.chance(0.7)) opened.wal.commit();
    for (let n = random.below(4); n > 0; n--) settleOne();
  }
  return states.slice(durable);
}

/** A vote, a few entries at the end, or entries that replace some of the last ones. */
function drawWrite(before: State, writeSeq: number, random: Prng): readonly [LogWrite, State] {
  const newTerm = random.chance(0.3);
  const term = asTerm(before.hardState.term + (newTerm ? 1 : 0));
  const hardState = newTerm ? { term, votedFor: asNode(random.between(1, 5)) } : null;
  const state = hardState ?? before.hardState;
  if (newTerm && random.chance(0.3)) {
    return [
      { writeSeq, hardState, snapshot: null, batches: [] },
      { ...before, hardState: state },
    ];
  }
  const kept =
    before.entries.length - (newTerm ? random.below(Math.min(4, before.entries.length + 1)) : 0);
  const batch = drawBatch(kept + 1, term, random);
  const entries = [...before.entries.slice(0, kept), ...entriesOf([batch])];
  return [
    { writeSeq, hardState, snapshot: null, batches: [batch] },
    { hardState: state, entries },
  ];
}

function drawBatch(firstIndex: number, term: EntryBatch["term"], random: Prng): EntryBatch {
  const count = random.between(1, 3);
  const size = random.pick([0, 10, 100, 700, 1500]);
  // Values of zeros look like a disk that nothing was written to.
  const fill = random.pick([0, 1, 255]);
  const bytes = new Uint8Array(count * (ENTRY_HEADER_BYTES + size)).fill(fill);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint32(i * (ENTRY_HEADER_BYTES + size), size, true);
  return { firstIndex: asIndex(firstIndex), term, kind: ENTRY_COMMAND, count, bytes };
}

function stateOf(restored: Restored | undefined): State {
  if (restored === undefined) return EMPTY;
  return { hardState: restored.hardState, entries: entriesOf(restored.batches) };
}

function entriesOf(batches: readonly EntryBatch[]): readonly Entry[] {
  const entries: Entry[] = [];
  for (const batch of batches) {
    eachEntry(batch, (at, end) => {
      entries.push({ term: batch.term, mark: crc32(batch.bytes.subarray(at, end)) });
    });
  }
  return entries;
}

const same = (a: State, b: State): boolean =>
  a.hardState.term === b.hardState.term &&
  a.hardState.votedFor === b.hardState.votedFor &&
  a.entries.length === b.entries.length &&
  a.entries.every(
    ({ term, mark }, i) => term === b.entries[i]!.term && mark === b.entries[i]!.mark,
  );

const describe = ({ hardState: { term, votedFor }, entries }: State): string =>
  `term ${term}, vote ${votedFor}, ${entries.length} entries`;
