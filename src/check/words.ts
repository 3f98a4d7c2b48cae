import { type History, OUTCOME_INFO, OUTCOME_MISMATCH } from "../history/op.ts";
import { OP_GET } from "../kv/command.ts";
import { operationName, valueName } from "./describe.ts";

/** Clauses about operations (rows of a history), of which the sentences of counterexamples are made. */

export const client = (h: History, row: number): string => `client ${h.process[row]}`;
export const isRead = (h: History, row: number): boolean => h.op[row] === OP_GET;
export const wrote = (h: History, row: number): boolean =>
  h.op[row] !== OP_GET && h.outcome[row] !== OUTCOME_MISMATCH;

/** `the put by client 1` */
export const theOperation = (h: History, row: number): string =>
  `the ${operationName(h, row)} by ${client(h, row)}`;

/** `a read by client 7 returned version 41` */
export function saw(h: History, row: number): string {
  if (isRead(h, row)) return `a read by ${client(h, row)} returned ${found(h, row)}`;
  return `${writing(h, row)} by ${client(h, row)} was ${answer(h, row)}`;
}

/** `client 3 had already read version 42` */
export function hadSeen(h: History, row: number): string {
  if (isRead(h, row)) return `${client(h, row)} had already read ${found(h, row)}`;
  return `${writing(h, row)} by ${client(h, row)} had already been ${answer(h, row)}`;
}

/** What the operation left or saw: `version 41`, or the value where no version is told. */
export function found(h: History, row: number): string {
  if (h.value[row]! < 0) return "nothing";
  return h.version[row]! >= 0 ? `version ${h.version[row]}` : valueName(h, row);
}

/** `a put`, and with its value where the answer will say nothing else: `a put of v4`. */
function writing(h: History, row: number): string {
  const name = operationName(h, row);
  const value = h.version[row]! >= 0 || h.value[row]! < 0 ? "" : ` of ${valueName(h, row)}`;
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}${value}`;
}

function answer(h: History, row: number): string {
  const version = h.version[row]!;
  if (!wrote(h, row)) return version >= 0 ? `refused at version ${version}` : "refused";
  if (h.outcome[row] === OUTCOME_INFO) return "sent";
  return version > 0 ? `acknowledged as version ${version}` : "acknowledged";
}
