import { HistoryWriter, NO_VALUE } from "../../history/codec.ts";
import { type History, NO_RETURN, OP_CAS } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import { assert } from "../../lib/assert.ts";

/** The file that a recorder would have written of `h` (history/format.ts), which knows no cas. */
export function encodeHistory(h: History): Uint8Array {
  const rowAt = new Int32Array(2 * h.count).fill(NO_RETURN);
  for (let row = 0; row < h.count; row++) {
    assert(h.op[row] !== OP_CAS, "our file format has no compare-and-set by value");
    rowAt[h.call[row]!] = row;
    if (h.ret[row] !== NO_RETURN) rowAt[h.ret[row]!] = ~row;
  }
  const writer = new HistoryWriter(h.callUs[0] ?? 0);
  for (let k = 0; k < h.keys.size; k++) writer.defineKey(h.keys.name(k));
  const handles = new Map<number, number>();
  const handleOf = (id: number): number => {
    if (id < 0) return NO_VALUE;
    const name = h.values.name(id);
    const plain = /^v(0|[1-9]\d{0,14})$/.exec(name);
    if (plain !== null) return Number(plain[1]);
    const known = handles.get(id) ?? writer.defineValue(name);
    handles.set(id, known);
    return known;
  };
  for (const at of rowAt) {
    if (at === NO_RETURN) continue;
    const row = at < 0 ? ~at : at;
    const process = h.process[row]!;
    // A write's value goes out with the call, a read's comes with the reply.
    const tells = (h.op[row] === OP_GET) === at < 0;
    const value = tells ? handleOf(h.value[row]!) : NO_VALUE;
    if (at >= 0) {
      writer.invoke(process, h.op[row]!, h.key[row]!, value, h.expected[row]!, h.callUs[row]!);
    } else {
      const { outcome, version, index, returnUs } = h;
      writer.complete(process, outcome[row]!, version[row]!, index[row]!, value, returnUs[row]!);
    }
  }
  const blocks: Uint8Array[] = [];
  for (let b = writer.take(); b !== null; b = writer.take()) blocks.push(b);
  return new Uint8Array(Buffer.concat(blocks));
}
