import { HistoryWriter, NO_VALUE, PROCESS_MAX } from "../../history/codec.ts";
import {
  NO_RETURN,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../../history/op.ts";
import { readRecording } from "../../history/reader.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { UserError } from "../../lib/user-error.ts";
import { expect, type FuzzTarget, outcomeOf } from "../target.ts";

const START_US = 1_800_000_000_000_000;

function sample(ops: number): Uint8Array {
  const w = new HistoryWriter(START_US, 64);
  const keys = ["a", "schlüssel"].map((name) => w.defineKey(name));
  const outcomes = [OUTCOME_OK, OUTCOME_FAIL, OUTCOME_INFO, OUTCOME_MISMATCH] as const;
  for (let i = 0; i < ops; i++) {
    const op = [OP_PUT, OP_GET, OP_APPEND, OP_DELETE][i % 4]!;
    const value = op === OP_GET || op === OP_DELETE ? NO_VALUE : i;
    w.invoke(1 + (i % 3), op, keys[i % 2]!, value, i % 5 === 0 ? i : -1, START_US + i * 10);
    if (i % 7 === 6) continue;
    const got = op === OP_GET ? w.defineValue(`v${i}v${i + 1}`) : NO_VALUE;
    w.complete(1 + (i % 3), outcomes[i % 4]!, i, i + 40, got, START_US + i * 10 + 5);
    if (i % 4 === 3) w.defineKey(`k${i}`);
  }
  const blocks: Uint8Array[] = [];
  for (let b = w.take(); b !== null; b = w.take()) blocks.push(b);
  return new Uint8Array(Buffer.concat(blocks));
}

/** Two bytes of a process id can ask for a table of all processes that there may be. */
const TABLE_BYTES_MAX = 4 * PROCESS_MAX * 2;

/** History files. */
export const history: FuzzTarget = {
  name: "history",
  samples: [sample(0), sample(3), sample(12)],
  allocatesMax: (bytes) => TABLE_BYTES_MAX + (64 << 10) + 64 * bytes,
  run: (input) =>
    outcomeOf(() => {
      const { history: h, cutBytes } = readRecording(input);
      expect(
        cutBytes >= 0 && cutBytes < input.length,
        `${cutBytes} of ${input.length} bytes are cut`,
      );
      for (let i = 0; i < h.count; i++) {
        expect(
          h.ret[i] === NO_RETURN || h.ret[i]! > h.call[i]!,
          `operation ${i} ends before it begins`,
        );
        expect(
          Number.isFinite(h.callUs[i]) && Number.isFinite(h.returnUs[i]),
          `operation ${i} has no time`,
        );
        expect(h.keys.name(h.key[i]!) !== undefined, `operation ${i} has no key`);
        if (h.value[i]! >= 0) h.values.name(h.value[i]!);
      }
      return `${Math.min(h.count, 12)} operations${cutBytes > 0 ? ", cut" : ""}`;
    }, [UserError]),
};
