import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { abba, nsPerCall, ratioOf, spreadText } from "../../src/bench/measure.ts";
import { type Command, commandBytes, OP_PUT, writeCommand } from "../../src/kv/command.ts";
import { KvStore } from "../../src/kv/store.ts";
import { Prng } from "../../src/lib/prng.ts";
import { median } from "../../src/lib/stats.ts";

const KEYS = 100_000;
const BATCH = 64;
const BATCHES = 512;
const VALUE = new Uint8Array(256);
const SIZE = commandBytes(8, VALUE.length);

/** Batches of puts to keys at random, looked up ahead of applying them or not. */
export async function lookUpFigure({ quick, seed, progress }: FigureContext): Promise<Figure> {
  const name = `${BATCH} puts looked up ahead, against one by one`;
  progress(name);
  const prng = new Prng(seed).fork("keys");
  const store = new KvStore();
  const one = new Uint8Array(SIZE);
  for (let i = 0; i < KEYS; i++) {
    writePut(one, 0, i);
    store.apply(one, new DataView(one.buffer), 0, SIZE, i + 1);
  }
  const bytes = new Uint8Array(BATCHES * BATCH * SIZE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < BATCHES * BATCH; i++) writePut(bytes, i * SIZE, prng.below(KEYS));
  const ats = new Uint32Array(BATCH);
  const applyBatch = (i: number, ahead: boolean): void => {
    const start = (i % BATCHES) * BATCH * SIZE;
    const end = start + BATCH * SIZE;
    if (ahead) {
      for (let i = 0; i < BATCH; i++) ats[i] = start + i * SIZE;
      store.prefetch(view, ats, BATCH);
    }
    for (let at = start; at < end; at += SIZE) store.apply(bytes, view, at, at + SIZE, i + 1);
  };
  const rounds = await abba(
    () => nsPerCall((i) => applyBatch(i, true)),
    () => nsPerCall((i) => applyBatch(i, false)),
    quick ? 1 : 6,
  );
  const ratio = ratioOf(rounds, median);
  const ns = median(rounds.flatMap(({ a }) => a)) / BATCH;
  const note = `${ns.toFixed(0)} ns a put; ${spreadText(ratio, rounds)}`;
  return figure(name, ratio.ratio, "ratio", { goal: { atMost: 1 }, note });
}

function writePut(bytes: Uint8Array, at: number, key: number): void {
  const command: Command = {
    ...{ op: OP_PUT, flags: 0, session: 0, seq: 0, nonce: 0, expected: 0 },
    ...{ key: new TextEncoder().encode(String(key).padStart(8, "0")), value: VALUE },
  };
  writeCommand(bytes, new DataView(bytes.buffer), at, command);
}
