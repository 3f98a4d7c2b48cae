import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, commandBytes, OP_PUT, writeCommand } from "../../src/kv/command.ts";
import { createStateMachine } from "../../src/kv/sessions.ts";
import { asIndex, asNode, asTerm, GROUP_1, NO_NODE } from "../../src/lib/ids.ts";
import type { SnapshotMeta } from "../../src/raft/api.ts";
import { Snapshots } from "../../src/replica/snapshots.ts";
import type { NodeConfigFile } from "../../src/runtime/config.ts";
import { diskPort } from "../../src/runtime/disk.ts";
import { openSnapshots } from "../../src/storage/snapshot-files.ts";
import { freePorts } from "../../src/runtime/free-ports.ts";
import { keyText } from "../../src/workload/keys.ts";
import { IDENTITY, openLog } from "./log.ts";

export const VALUE_BYTES = 256;

/** The data of a node that is alone in its cluster, and where it listens. */
export type FullNode = { readonly config: NodeConfigFile; readonly configFile: string };

/**
 * Writes the data directory of a node that has applied `keys` puts, one a key of the load generator,
 * and taken a snapshot after the last of them.
 */
export async function writeFullNode(dir: string, keys: number): Promise<FullNode> {
  const [peerPort, clientPort, httpPort] = freePorts(3) as [number, number, number];
  const config: NodeConfigFile = {
    clusterId: IDENTITY.clusterId,
    nodes: [{ id: 1, host: "127.0.0.1", peerPort, clientPort, httpPort }],
    dataDir: dir,
    storage: "disk",
    // Only when this suite says so.
    raft: { snapshotEveryBytes: 0 },
  };
  const configFile = join(dir, "cluster.json");
  mkdirSync(dir, { recursive: true });
  writeFileSync(configFile, JSON.stringify(config));
  const meta = {
    ...{ lastIndex: asIndex(keys), lastTerm: asTerm(1) },
    membership: { voters: [asNode(1)], votersOutgoing: [], learners: [] },
  };
  await writeSnapshot(join(dir, "node-1", "snapshots"), keys, meta);
  await writeMark(join(dir, "node-1", "wal"), meta);
  return { config, configFile };
}

async function writeSnapshot(dir: string, keys: number, meta: SnapshotMeta): Promise<void> {
  const machine = createStateMachine();
  const value = new Uint8Array(VALUE_BYTES).fill(1);
  const bytes = new Uint8Array(commandBytes(64, VALUE_BYTES));
  const view = new DataView(bytes.buffer);
  const encoder = new TextEncoder();
  for (let i = 0; i < keys; i++) {
    const command: Command = {
      ...{ op: OP_PUT, flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 },
      ...{ key: encoder.encode(keyText(i)), value },
    };
    machine.apply(bytes, view, 0, writeCommand(bytes, view, 0, command), i + 1);
  }
  const options = { port: diskPort(), dir, identity: IDENTITY, now: () => performance.now() };
  const { snapshots: storage } = openSnapshots(options, () => machine.beginRestore());
  const snapshots = new Snapshots({
    ...{ raft: { appliedMeta: () => meta }, machine, storage, everyBytes: 0 },
    ...{ onInput: () => {}, onInstalled: () => {}, onSnapshot: () => {} },
  });
  const { outcome, reason } = await new Promise<{ outcome: string; reason: string }>((done) =>
    snapshots.take(done),
  );
  storage.close();
  if (outcome !== "done") throw new Error(`no snapshot: ${reason}`);
}

/** The log of a node that has compacted all of it. */
async function writeMark(dir: string, { lastIndex, lastTerm }: SnapshotMeta): Promise<void> {
  const { wal } = openLog(dir);
  const hardState = { term: lastTerm, votedFor: NO_NODE };
  const write = { writeSeq: 1, hardState, snapshot: { lastIndex, lastTerm }, batches: [] };
  await new Promise((durable) => {
    wal.append(GROUP_1, write, durable);
    wal.commit();
  });
  wal.close();
}
