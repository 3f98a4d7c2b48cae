import { type Figure, figure, type FigureContext } from "../../src/bench/dsl.ts";
import { abba, nsPerCall, ratioOf, spreadText } from "../../src/bench/measure.ts";
import { assert } from "../../src/lib/assert.ts";
import { copyBytes } from "../../src/lib/copy.ts";
import { median } from "../../src/lib/stats.ts";
import { ByteWriter, setU53 } from "../../src/wire/bytes.ts";
import { RESPONSE_HEADER_BYTES, writeResponse } from "../../src/wire/client.ts";

const VALUE_BYTES = 256;
const BUFFER_BYTES = 1 << 20;

type Habit = {
  readonly name: string;
  readonly habit: (i: number) => unknown;
  readonly otherwise: (i: number) => unknown;
};

/** What is done to bytes for every operation. */
export async function byteFigures({ quick, progress }: FigureContext): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { name, habit, otherwise } of habits()) {
    progress(name);
    const rounds = await abba(
      () => nsPerCall(habit),
      () => nsPerCall(otherwise),
      quick ? 1 : 6,
    );
    const ratio = ratioOf(rounds, median);
    const note = `${median(rounds.flatMap(({ a }) => a)).toFixed(0)} ns; ${spreadText(ratio, rounds)}`;
    figures.push(figure(name, ratio.ratio, "ratio", { goal: { atMost: 1 }, note }));
  }
  return figures;
}

function habits(): readonly Habit[] {
  const from = new Uint8Array(VALUE_BYTES).fill(1);
  const to = new Uint8Array(BUFFER_BYTES);
  const view = new DataView(to.buffer);
  const writer = new ByteWriter(BUFFER_BYTES);
  const reply = {
    ...{ status: 0, leaderHint: 0, version: 7, index: 123_456_789 },
    ...{ valueIn: from, valueAt: 0, valueBytes: 0 },
  };
  const at = (i: number): number => (i * VALUE_BYTES) % BUFFER_BYTES;
  const restart = (): void => {
    if (writer.offset > BUFFER_BYTES - RESPONSE_HEADER_BYTES) writer.offset = 0;
  };
  return [
    {
      name: "copyBytes of 256 B, against set(subarray())",
      habit: (i) => copyBytes(from, 0, VALUE_BYTES, to, at(i)),
      otherwise: (i) => to.set(from.subarray(0, VALUE_BYTES), at(i)),
    },
    {
      name: "a message for a broken invariant only then, against always",
      habit: (i) => setU53(view, at(i), i),
      otherwise: (i) => {
        const message = `not a u53: ${i}`;
        assert(Number.isSafeInteger(i) && i >= 0, message);
        view.setUint32(at(i), i >>> 0, true);
        view.setUint32(at(i) + 4, Math.floor(i / 0x1_0000_0000), true);
      },
    },
    {
      name: "a response with one check of room, against one a field",
      habit: (i) => {
        restart();
        writeResponse(writer, i >>> 0, reply);
      },
      otherwise: (i) => {
        restart();
        writer.u32(i >>> 0);
        writer.u8(reply.status);
        writer.u8(0);
        writer.u16(reply.leaderHint);
        writer.u32(reply.valueBytes);
        writer.u53(reply.version);
        writer.u53(reply.index);
      },
    },
  ];
}
