import { describeOperation } from "../../../check/describe.ts";
import { type History, NO_RETURN } from "../../op.ts";
import { type Read, readAny, type ReadOptions } from "../read.ts";

export const AUTO: ReadOptions = { format: null, failedCas: null, skewUs: null };

/** Reads `text` as a file called h. */
export const readText = (text: string, options: Partial<ReadOptions> = {}): Read =>
  readAny(new TextEncoder().encode(text), "h", { ...AUTO, ...options });

/** One line a row: `2 put k v → ok [0, 3]`, the ranks of call and return at the end. */
export function shown(h: History): readonly string[] {
  return Array.from({ length: h.count }, (_, row) => {
    const ret = h.ret[row] === NO_RETURN ? "∞" : h.ret[row];
    return `${h.process[row]} ${describeOperation(h, row)} [${h.call[row]}, ${ret}]`;
  });
}
