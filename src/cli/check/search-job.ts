import type { KeyHistory } from "../../check/path.ts";
import type { History } from "../../history/op.ts";

type Columns = Omit<History, "keys" | "values">;

/** The search of one key, for another thread: the key's rows, and no more. */
export type SearchJob = {
  readonly columns: Columns;
  readonly valueCount: number;
  /** Values as text by id, which only appends ask for. */
  readonly texts: readonly (readonly [id: number, text: string])[];
  readonly timeoutMs: number;
  readonly memoryBytes: number;
};

export function searchJob(key: KeyHistory, timeoutMs: number, memoryBytes: number): SearchJob {
  const { history: h, operations, traits } = key;
  const rows = Array.from(operations.ops);
  const bytes = (column: Uint8Array) => Uint8Array.from(rows, (row) => column[row]!);
  const ints = (column: Int32Array) => Int32Array.from(rows, (row) => column[row]!);
  const doubles = (column: Float64Array) => Float64Array.from(rows, (row) => column[row]!);
  const columns: Columns = {
    count: rows.length,
    op: bytes(h.op),
    process: ints(h.process),
    key: new Int32Array(rows.length),
    outcome: bytes(h.outcome),
    value: ints(h.value),
    expected: doubles(h.expected),
    expectedValue: h.expectedValue === null ? null : ints(h.expectedValue),
    version: doubles(h.version),
    index: doubles(h.index),
    call: ints(h.call),
    ret: ints(h.ret),
    callUs: doubles(h.callUs),
    returnUs: doubles(h.returnUs),
  };
  const ids = traits.appends ? new Set(columns.value).difference(new Set([-1])) : [];
  const texts = Array.from(ids, (id) => [id, h.values.name(id)] as const);
  return { columns, valueCount: h.values.size, texts, timeoutMs, memoryBytes };
}

/** The history of that one key; its rows are the places of the whole one's. */
export function historyOf({ columns, valueCount, texts }: SearchJob): History {
  const names = new Map(texts);
  const values = { size: valueCount, name: (id: number): string => names.get(id)! };
  return { ...columns, keys: { size: 1, name: (): string => "" }, values };
}
