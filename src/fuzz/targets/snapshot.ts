import { commandBytes, OP_OPEN_SESSION, OP_PUT, writeCommand } from "../../kv/command.ts";
import { createStateMachine } from "../../kv/sessions.ts";
import { SnapshotFormatError } from "../../kv/snapshot-format.ts";
import { crc32 } from "../../lib/crc32.ts";
import { asIndex, asNode, asTerm } from "../../lib/ids.ts";
import { SnapshotDecoder, SnapshotEncoder } from "../../storage/snapshot-format.ts";
import { WireError } from "../../wire/bytes.ts";
import { cutAnywhere } from "../cut-anywhere.ts";
import { expect, type FuzzTarget, outcomeOf } from "../target.ts";

const META = {
  lastIndex: asIndex(9),
  lastTerm: asTerm(3),
  membership: { voters: [1, 2, 3].map(asNode), votersOutgoing: [], learners: [asNode(4)] },
};
const IDENTITY = { clusterId: "fuzz", nodeId: asNode(1) };
const CHUNK_HEAD_BYTES = 8;

/** The state of a machine with so many keys, and two sessions, in chunks of so many bytes. */
function sample(keys: number, chunkBytes: number): Uint8Array {
  const machine = createStateMachine();
  const commands = [
    ...[1, 2].map((nonce) => ({ op: OP_OPEN_SESSION, key: "", value: "", nonce }) as const),
    ...Array.from(
      { length: keys },
      (_, i) => ({ op: OP_PUT, key: `key-${i}`, value: `v${i}`, nonce: 0 }) as const,
    ),
  ];
  commands.forEach(({ op, key, value, nonce }, i) => {
    const parts = { key: Buffer.from(key), value: Buffer.from(value) };
    const bytes = new Uint8Array(commandBytes(parts.key.length, parts.value.length));
    const view = new DataView(bytes.buffer);
    const end = writeCommand(bytes, view, 0, {
      op,
      flags: 0,
      session: 0,
      seq: 0,
      nonce,
      expected: 0,
      ...parts,
    });
    machine.apply(bytes, view, 0, end, i + 1);
  });
  const encoder = new SnapshotEncoder(META, IDENTITY);
  const pieces: Uint8Array[] = [encoder.header];
  const reader = machine.beginSnapshot();
  for (let piece = reader.next(chunkBytes); piece !== null; piece = reader.next(chunkBytes)) {
    pieces.push(encoder.chunk(piece));
  }
  return new Uint8Array(Buffer.concat([...pieces, encoder.end()]));
}

/** The checksums of the header and of the chunks, and their chain, as far as lengths lead. */
function repair(input: Uint8Array): Uint8Array {
  const out = input.slice();
  const view = new DataView(out.buffer);
  if (out.length < 12) return out;
  let at = view.getUint32(4, true);
  if (at < 12 || at > out.length) return out;
  let chain = crc32(out.subarray(12, at));
  view.setUint32(8, chain, true);
  for (; at + CHUNK_HEAD_BYTES <= out.length;) {
    const length = view.getUint32(at, true);
    const end = at + CHUNK_HEAD_BYTES + length;
    if (length === 0) view.setUint32(at + 4, chain, true);
    if (length === 0 || end > out.length) return out;
    const crc = crc32(out.subarray(at + CHUNK_HEAD_BYTES, end));
    view.setUint32(at + 4, crc, true);
    const link = new DataView(new ArrayBuffer(8));
    link.setUint32(0, chain, true);
    link.setUint32(4, crc, true);
    chain = crc32(new Uint8Array(link.buffer));
    at = end;
  }
  return out;
}

function load(chunks: Iterable<Uint8Array>): string {
  const machine = createStateMachine();
  const restore = machine.beginRestore();
  return outcomeOf(() => {
    const decoder = new SnapshotDecoder("fuzz", (bytes) => restore.write(bytes));
    for (const chunk of chunks) decoder.write(chunk);
    if (!decoder.ended) return decoder.meta === null ? "no header yet" : "cut short";
    restore.finish();
    expect(machine.store.size >= 0, "a store of fewer than no keys");
    return `${machine.store.size} keys, ${machine.sessionCount} sessions`;
  }, [WireError, SnapshotFormatError]);
}

/** Snapshot files, which are what followers are sent, with the state of a store in them. */
export const snapshot: FuzzTarget = {
  name: "snapshot",
  samples: [sample(0, 64), sample(3, 40), sample(12, 4096)],
  repair,
  allocatesMax: (bytes) => (16 << 20) + 64 * bytes,
  run: (input) =>
    cutAnywhere(input, (chunks) => {
      const outcome = load(chunks);
      return { text: outcome, outcome };
    }),
};
