import { OP_GET } from "../../kv/command.ts";
import { type Asked, GrowingColumns } from "../columns.ts";
import {
  type History,
  OP_CAS,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../op.ts";
import { TextNames } from "../text-names.ts";
import { ValueNames } from "../value-names.ts";
import { unreadable } from "./problem.ts";

/** The types of event that Jepsen knows, and `mismatch`, which tells more than `fail`. */
export type ReplyType = "ok" | "fail" | "mismatch" | "info";

/**
 * What a failed compare-and-set by value says: that the register did not hold the expected value
 * (`mismatch`), or, as Knossos has it, only that it did not take effect (`ignored`).
 */
export type FailedCas = "mismatch" | "ignored";

export type Reply = {
  readonly type: ReplyType;
  /** Of a get that is ok: what it read; −1: the key is absent. */
  readonly value: number;
  /** −1: not told. */
  readonly version: number;
  /** 0: not told. */
  readonly index: number;
  /** Null: not told. */
  readonly key: number | null;
  readonly op: number | null;
};

const PROCESS_NUMBER_MAX = 2 ** 31 - 1;

/**
 * Makes a history of events in the order in which they were written down: pairs each reply with
 * the call of its process. Event n has rank n. Operations without a reply are info.
 */
export class EventRecorder {
  readonly keys = new TextNames();
  readonly values = new ValueNames("");
  readonly #rows = new GrowingColumns();
  readonly #failedCas: FailedCas;
  /** By process: the row of its outstanding operation. */
  readonly #open = new Map<number, number>();
  #rank = 0;
  #isTimed = true;

  constructor(failedCas: FailedCas) {
    this.#failedCas = failedCas;
  }

  /** Whether every event had a time. */
  get isTimed(): boolean {
    return this.#isTimed;
  }

  /**
   * `atUs` is NaN if no time is told. Throws Unreadable if `process` is no number or has an operation
   * outstanding.
   */
  call(process: number, asked: Asked, atUs: number): void {
    if (!Number.isSafeInteger(process) || process < 0 || process > PROCESS_NUMBER_MAX) {
      unreadable(
        `process ${process} is not a number from 0 to ${PROCESS_NUMBER_MAX}`,
        "number the processes",
      );
    }
    if (this.#open.has(process)) {
      const fix =
        "give each client its own process number, and write its reply before its next call";
      unreadable(`process ${process} calls while its last call has no reply`, fix);
    }
    this.#open.set(process, this.#rows.add(process, asked, this.#rank++, this.#time(atUs)));
  }

  /** What the outstanding operation of `process` asks. Throws Unreadable if it has none. */
  asked(process: number): Pick<Asked, "op" | "key" | "value"> {
    const row = this.#rowOf(process);
    const { op, key, value } = this.#rows.columns;
    return { op: op[row]!, key: key[row]!, value: value[row]! };
  }

  /** Throws Unreadable if `process` has no operation outstanding, or another than the reply says. */
  reply(process: number, reply: Reply, atUs: number): void {
    const row = this.#rowOf(process);
    const c = this.#rows.columns;
    const op = c.op[row]!;
    if ((reply.op ?? op) !== op || (reply.key ?? c.key[row]) !== c.key[row]) {
      const fix = "a reply repeats the operation and the key of its call, or leaves them out";
      unreadable(`the reply to process ${process} is to another operation than it called`, fix);
    }
    this.#open.delete(process);
    const rank = this.#rank++;
    c.outcome[row] = outcomeOf(reply.type, op, this.#failedCas);
    c.version[row] = reply.version;
    c.index[row] = reply.index;
    if (op === OP_GET && reply.type === "ok") c.value[row] = reply.value;
    const us = this.#time(atUs);
    if (reply.type === "info") return;
    c.ret[row] = rank;
    c.returnUs[row] = us;
  }

  finish(): History {
    return {
      ...{ count: this.#rows.count, keys: this.keys, values: this.values },
      ...this.#rows.finish(),
    };
  }

  #time(us: number): number {
    if (!Number.isNaN(us)) return us;
    this.#isTimed = false;
    return 0;
  }

  #rowOf(process: number): number {
    const row = this.#open.get(process);
    if (row !== undefined) return row;
    const fix = "write every call, before its reply; the file must begin with the run";
    return unreadable(`a reply to process ${process}, which has called nothing`, fix);
  }
}

export function outcomeOf(type: ReplyType, op: number, failedCas: FailedCas): number {
  if (type === "ok") return OUTCOME_OK;
  if (type === "info") return OUTCOME_INFO;
  const isRefusal = type === "mismatch" || (op === OP_CAS && failedCas === "mismatch");
  return isRefusal ? OUTCOME_MISMATCH : OUTCOME_FAIL;
}
