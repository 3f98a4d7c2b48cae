/**
 * `bun src/cli/dev/snapshot-pause.ts [--keys 1000000] [--puts 20000]`: how long the event loop stands
 * still while a snapshot of so many 256-byte values is written to a real disk and so many puts a
 * second go on. Prints the length of turns before and during it, and that of its own steps alone,
 * which is what is left on a machine with nothing else to do.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Command, commandBytes, OP_PUT, writeCommand } from "../../kv/command.ts";
import { createStateMachine } from "../../kv/sessions.ts";
import { asIndex, asNode, asTerm } from "../../lib/ids.ts";
import { Snapshots } from "../../replica/snapshots.ts";
import { diskPort } from "../../runtime/disk.ts";
import { openSnapshots } from "../../storage/snapshot-files.ts";

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "1000000" },
    puts: { type: "string", default: "20000" },
  },
});
const keys = Number(values.keys);
const putsPerMs = Number(values.puts) / 1000;
const VALUE = new Uint8Array(256);
const IDLE_MS = 3_000;

const machine = createStateMachine();
const room = new Uint8Array(commandBytes(32, VALUE.length));
const view = new DataView(room.buffer);
let index = 0;

function put(key: number): void {
  const command: Command = {
    ...{ op: OP_PUT, flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 },
    ...{ key: new TextEncoder().encode(`key-${key}`), value: VALUE },
  };
  machine.apply(room, view, 0, writeCommand(room, view, 0, command), ++index);
}

/** Turns of the event loop, each with its share of puts, until told to stop; how long each took. */
function turns(): { readonly tookMs: number[]; stop(): void } {
  const tookMs: number[] = [];
  let last = performance.now();
  let owed = 0;
  let going = true;
  const turn = (): void => {
    const now = performance.now();
    tookMs.push(now - last);
    owed += (now - last) * putsPerMs;
    last = now;
    for (; owed >= 1; owed--) put((index * 7919) % keys);
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  return { tookMs, stop: () => (going = false) };
}

function summary(tookMs: readonly number[]): Record<string, number> {
  // By time and not by turn: what a request that comes at any moment has to wait.
  const sorted = [...tookMs].sort((a, b) => a - b);
  const total = sorted.reduce((sum, ms) => sum + ms, 0);
  const at = (share: number): number => {
    let seen = 0;
    for (const ms of sorted) if ((seen += ms) >= total * share) return Math.round(ms * 100) / 100;
    return 0;
  };
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), totalMs: Math.round(total) };
}

const dir = mkdtempSync(join(tmpdir(), "ordeal-pause-"));
try {
  for (let key = 0; key < keys; key++) put(key);
  const identity = { clusterId: "bench", nodeId: asNode(1) };
  const now = (): number => performance.now();
  const { snapshots: storage } = openSnapshots({ port: diskPort(), dir, identity, now }, () =>
    machine.beginRestore(),
  );
  const membership = { voters: [asNode(1)], votersOutgoing: [], learners: [] };
  const raft = {
    appliedMeta: () => ({ lastIndex: asIndex(index), lastTerm: asTerm(1), membership }),
  };
  const stepsMs: number[] = [];
  const beginSnapshot = machine.beginSnapshot.bind(machine);
  machine.beginSnapshot = () => {
    const reader = beginSnapshot();
    const next = reader.next.bind(reader);
    reader.next = (bytesMax) => {
      const from = performance.now();
      const piece = next(bytesMax);
      stepsMs.push(performance.now() - from);
      return piece;
    };
    return reader;
  };
  const snapshots = new Snapshots({
    ...{ raft, machine, storage, everyBytes: 0 },
    ...{ onInput: () => {}, onInstalled: () => {}, onSnapshot: () => {} },
  });
  const idle = turns();
  await Bun.sleep(IDLE_MS);
  idle.stop();
  const busy = turns();
  await new Promise((done) => snapshots.take(done));
  busy.stop();
  console.log(
    JSON.stringify({
      keys,
      snapshotMiB: Math.round(storage.newest!.totalBytes / (1 << 20)),
      before: summary(idle.tookMs),
      during: summary(busy.tookMs),
      steps: {
        count: stepsMs.length,
        p50Ms: stepsMs.toSorted((a, b) => a - b)[Math.floor(stepsMs.length * 0.5)],
        p99Ms: stepsMs.toSorted((a, b) => a - b)[Math.floor(stepsMs.length * 0.99)],
      },
    }),
  );
} finally {
  rmSync(dir, { recursive: true });
}
