import { type History, OUTCOME_MISMATCH } from "../history/op.ts";
import { OP_GET, OP_NAMES } from "../kv/command.ts";
import { valueName } from "./describe.ts";

/** Clauses about operations (rows of a history), of which the sentences of counterexamples are made. */

export const client = (h: History, row: number): string => `client ${h.process[row]}`;
export const operationName = (h: History, row: number): string => OP_NAMES[h.op[row]!]!;
export const isRead = (h: History, row: number): boolean => h.op[row] === OP_GET;
export const wrote = (h: History, row: number): boolean =>
  h.op[row] !== OP_GET && h.outcome[row] !== OUTCOME_MISMATCH;

/** `the put by client 1` */
export const theOperation = (h: History, row: number): string =>
  `the ${operationName(h, row)} by ${client(h, row)}`;

/** `a read by client 7 returned version 41` */
export function saw(h: History, row: number): string {
  if (isRead(h, row)) return `a read by ${client(h, row)} returned ${found(h, row)}`;
  return `a ${operationName(h, row)} by ${client(h, row)} was ${answer(h, row)}`;
}

/** `client 3 had already read version 42` */
export function hadSeen(h: History, row: number): string {
  if (isRead(h, row)) return `${client(h, row)} had already read ${found(h, row)}`;
  return `a ${operationName(h, row)} by ${client(h, row)} had already been ${answer(h, row)}`;
}

function found(h: History, row: number): string {
  if (h.value[row]! < 0) return "nothing";
  return h.version[row]! >= 0 ? `version ${h.version[row]}` : valueName(h, row);
}

function answer(h: History, row: number): string {
  const version = h.version[row]!;
  if (!wrote(h, row)) return version >= 0 ? `refused at version ${version}` : "refused";
  return version > 0 ? `acknowledged as version ${version}` : "acknowledged";
}
