import { OP_GET, OP_NAMES } from "../../kv/command.ts";
import type { ReadValue } from "./content.ts";
import type { Outstanding } from "./outstanding.ts";
import type { Row } from "./replay.ts";

/** The sentences of the rules of versions.ts, in the words of the full checker. */

const client = (process: number): string => `client ${process}`;
const valueText = (value: ReadValue): string => {
  if (typeof value === "string") return value.length > 40 ? `${value.slice(0, 40)}…` : value;
  return value < 0 ? "nothing" : `v${value}`;
};
const theWrite = (o: Outstanding): string => `a ${OP_NAMES[o.op]} by ${client(o.process)}`;

function told(o: Outstanding, version: number): string {
  if (o.op === OP_GET) return `a read by ${client(o.process)} returned version ${version}`;
  const isRefused = o.expected >= 0 && version !== o.expected + 1;
  return `${theWrite(o)} was ${isRefused ? "refused at" : "acknowledged as"} version ${version}`;
}

/** A version older than one told before the operation began. */
export function backwards(o: Outstanding, version: number): string {
  if (o.floorBy < 0) return `${told(o, version)}, which is an absent key`;
  const before = o.floorWritten
    ? `a write by ${client(o.floorBy)} had already been acknowledged as version ${o.floor}`
    : `${client(o.floorBy)} had already read version ${o.floor}`;
  return `${told(o, version)} after ${before}`;
}

export const misplacedPut = (o: Outstanding, version: number): string =>
  `${theWrite(o)} that expected version ${o.expected} was acknowledged as version ${version}`;

export const wronglyRefused = (o: Outstanding, version: number): string =>
  `${theWrite(o)} was refused at version ${version}, which it had expected`;

export const oneVersionTwice = (o: Outstanding, other: number, version: number): string =>
  `a write by ${client(other)} and ${theWrite(o)} were both acknowledged as version ${version}`;

type Said =
  | { readonly writer: number; readonly part: number }
  | { readonly reader: number; readonly part: number };

export function twoValues(version: number, first: Said, process: number, value: ReadValue): string {
  const one =
    "writer" in first
      ? `v${first.part} written by ${client(first.writer)}`
      : first.reader < 0
        ? "what was written"
        : `what ${client(first.reader)} read`;
  const other = `${valueText(value)} told to ${client(process)}`;
  return `version ${version} has two values: ${one}, ${other}`;
}

export const nobodyWrote = (o: Outstanding, version: number, value: ReadValue): string =>
  `a read by ${client(o.process)} returned ${valueText(value)} as version ${version}, which nobody can have written`;

export function unaccountedFor(version: number, reader: number): string {
  const what = reader < 0 ? `there was a version ${version}` : `version ${version} was read`;
  const by = reader < 0 ? "" : ` by ${client(reader)}`;
  return `${what}${by} that no write accounts for: one was applied twice, or to something else`;
}

export function noOrder({ op, process, version }: Row, operations: number): string {
  const last = `the ${OP_NAMES[op]} by ${client(process)}${version >= 0 ? ` at version ${version}` : ""}`;
  return `the last ${operations} operations on the key, up to ${last}, fit no order`;
}
