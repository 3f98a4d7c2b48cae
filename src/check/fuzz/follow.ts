import { type History, NO_RETURN, OP_CAS, OUTCOME_OK } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import { OnlineChecker, type OnlineViolation } from "../online/online.ts";

/** A value as a load generator writes it. */
const ONE_PART = /^v(0|[1-9]\d{0,8})$/;
const PARTS = /^(v(0|[1-9]\d{0,8}))+$/;

/**
 * What the online checker tells of `h` first, event by event, or null: of a history that no load
 * generator could have recorded, too (a compare-and-set by value, a value not of its making).
 */
export function followed(h: History): OnlineViolation | null {
  const values = Array.from(h.value, (id, row) => valueOf(h, row, id));
  if (values.includes(undefined) || h.op.includes(OP_CAS)) return null;
  const checker = new OnlineChecker({ slots: Math.max(1, h.count) });
  for (const { row, isCall } of eventsOf(h)) {
    const isRead = h.op[row] === OP_GET;
    if (isCall) {
      const value = isRead ? -1 : (values[row] as number);
      checker.invoke(row, h.process[row]!, h.op[row]!, h.key[row]!, value, h.expected[row]!);
      continue;
    }
    const value = isRead && h.outcome[row] === OUTCOME_OK ? values[row]! : -1;
    const { outcome, version, index } = h;
    const found = checker.complete(row, outcome[row]!, version[row]!, index[row]!, value);
    if (found !== null) return found;
  }
  return null;
}

/** A number, a text of several, −1: none; undefined: no load generator's. */
function valueOf(h: History, row: number, id: number): number | string | undefined {
  if (id < 0) return -1;
  const name = h.values.name(id);
  if (ONE_PART.test(name)) return Number(name.slice(1));
  return h.op[row] === OP_GET && PARTS.test(name) ? name : undefined;
}

function eventsOf(h: History): readonly { readonly row: number; readonly isCall: boolean }[] {
  const events: { row: number; isCall: boolean }[] = [];
  for (let row = 0; row < h.count; row++) {
    events[h.call[row]!] = { row, isCall: true };
    if (h.ret[row] !== NO_RETURN) events[h.ret[row]!] = { row, isCall: false };
  }
  return events;
}
