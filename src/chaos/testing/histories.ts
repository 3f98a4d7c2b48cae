import { type History, NO_RETURN, OUTCOME_INFO, OUTCOME_OK } from "../../history/op.ts";
import { OP_GET, OP_PUT } from "../../kv/command.ts";

/** One operation of a small history; all write and read the same value. */
export type Row = {
  readonly op: number;
  readonly key?: number;
  readonly outcome?: number;
  readonly version?: number;
  readonly index?: number;
  /** Ranks of its invocation and return, and the milliseconds at which they took place. */
  readonly call: number;
  readonly ret: number;
};

export function historyOf(rows: readonly Row[]): History {
  const column = (of: (row: Row) => number): number[] => rows.map(of);
  const info = (row: Row): boolean => row.outcome === OUTCOME_INFO;
  const names = (size: number) => ({ size, name: (id: number) => `n${id}` });
  return {
    count: rows.length,
    op: Uint8Array.from(column((row) => row.op)),
    process: Int32Array.from(rows, (_, i) => i),
    key: Int32Array.from(column((row) => row.key ?? 0)),
    outcome: Uint8Array.from(column((row) => row.outcome ?? OUTCOME_OK)),
    value: Int32Array.from(column(() => 0)),
    expectedValue: null,
    expected: Float64Array.from(column(() => -1)),
    version: Float64Array.from(column((row) => row.version ?? -1)),
    index: Float64Array.from(column((row) => row.index ?? 0)),
    call: Int32Array.from(column((row) => row.call)),
    ret: Int32Array.from(column((row) => (info(row) ? NO_RETURN : row.ret))),
    callUs: Float64Array.from(column((row) => row.call * 1000)),
    returnUs: Float64Array.from(column((row) => (info(row) ? 0 : row.ret * 1000))),
    keys: names(Math.max(-1, ...column((row) => row.key ?? 0)) + 1),
    values: names(1),
  };
}

export const put = (call: number, version: number, index: number): Row => ({
  ...{ op: OP_PUT, call, ret: call + 1, version, index },
});
export const get = (call: number, version: number): Row => ({
  op: OP_GET,
  call,
  ret: call + 1,
  version,
});
