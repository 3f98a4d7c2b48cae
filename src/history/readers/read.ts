import { HISTORY_MAGIC } from "../format.ts";
import type { History } from "../op.ts";
import { readRecording } from "../reader.ts";
import { rankByTime } from "./by-time.ts";
import { readEdn, readPorcupineKv } from "./edn.ts";
import { readJsonLines } from "./jsonl.ts";
import { readPorcupineEtcd } from "./porcupine-etcd.ts";
import { refuse } from "./problem.ts";
import type { FailedCas } from "./recorder.ts";

/** The formats of histories (docs/checker.md): our own binary log, and those of others. */
export const FORMATS = ["ordeal", "jsonl", "edn", "porcupine-etcd", "porcupine-kv"] as const;
export type Format = (typeof FORMATS)[number];

export type Read = {
  readonly history: History;
  readonly format: Format;
  /** Lines or maps that are no client's operation: the nemesis, other loggers. */
  readonly passedOver: number;
  /** Our own log: bytes of a last record that is not whole, as a killed generator leaves it. */
  readonly cutBytes: number;
  /** Whether every event has a time. */
  readonly isTimed: boolean;
};

export type ReadOptions = {
  /** Null: told from the first bytes. */
  readonly format: Format | null;
  /** Null: as the format has it. */
  readonly failedCas: FailedCas | null;
  /** How far clocks may be from the true time; null: the file's order counts, not its times. */
  readonly skewUs: number | null;
};

const AS_FOUND: ReadOptions = { format: null, failedCas: null, skewUs: null };

/**
 * Reads a history of any format. Throws UserError with line or offset, reason and remedy if any part
 * of it cannot be read: nothing is left out in silence. `name` is what messages call the file.
 */
export function readAny(bytes: Uint8Array, name: string, options = AS_FOUND): Read {
  const format = options.format ?? formatOf(bytes, name);
  const read = readAs(format, bytes, name, options.failedCas ?? undefined);
  if (read.history.count === 0 && format !== "ordeal") {
    refuse(name, "no operation of a client in it", "pass the file of a run that did something");
  }
  if (options.skewUs === null) return read;
  if (!read.isTimed) {
    const fix = "leave --skew out: without times, events are ordered by their place in the file";
    refuse(name, "not every event has a time", fix);
  }
  return { ...read, history: rankByTime(read.history, options.skewUs) };
}

function readAs(format: Format, bytes: Uint8Array, name: string, failedCas?: FailedCas): Read {
  switch (format) {
    case "ordeal":
      return { ...readRecording(bytes, name), format, passedOver: 0, isTimed: true };
    case "jsonl":
      return readJsonLines(bytes, name, failedCas);
    case "edn":
      return readEdn(bytes, name, failedCas);
    case "porcupine-etcd":
      return readPorcupineEtcd(bytes, name, failedCas);
    case "porcupine-kv":
      return readPorcupineKv(bytes, name);
  }
}

const SAMPLE_BYTES = 1 << 14;

/** The format that the first bytes tell. Throws UserError if they tell none. */
export function formatOf(bytes: Uint8Array, name: string): Format {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 4 && view.getUint32(0, true) === HISTORY_MAGIC) return "ordeal";
  const sample = new TextDecoder().decode(bytes.subarray(0, SAMPLE_BYTES)).replace(/^\uFEFF/, "");
  const text = sample.replace(/^(?:\s*;.*\n|[\s,]+)+/, "");
  if (/^[A-Z]+\s+\S+\s+-\s/.test(text)) return "porcupine-etcd";
  if (/^\{\s*"/.test(text) || /^\[\s*\{\s*"/.test(text)) return "jsonl";
  if (/^[[({#^]/.test(text)) {
    const [first = ""] = /\{[^}]*\}/.exec(text) ?? [];
    const isKv = /:f\s+:(?:get|put|append)\b/.test(first) && /:key\s+"/.test(first);
    return isKv ? "porcupine-kv" : "edn";
  }
  const what = text === "" ? "nothing in it" : "not a history in a format that is known";
  const fix = `name its format with --format ${FORMATS.join("|")}`;
  return refuse(`${name}, byte 0`, what, fix);
}
