import {
  commandBytes,
  FLAG_LOCAL,
  OP_APPEND,
  OP_GET,
  type OpCode,
  writeCommand,
} from "../../kv/command.ts";
import { keyName } from "../clients.ts";

/** The client id of what scripts put to one server; clerks have ids below it. */
export const RAW_CLIENT = 1_000_000;

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

/**
 * What a lab replicates: it appends the value to one key. So the state is the whole history, its
 * digest tells whether two servers went through the same one, and the version counts the commands.
 */
export const appendCommand = (value: string): Uint8Array =>
  encode(OP_APPEND, 0, 0, encoder.encode(value));

/** Asks for the key as the server has it now, behind or not. */
export const localGetCommand = (): Uint8Array => encode(OP_GET, FLAG_LOCAL, 0, NO_BYTES);

/** Asks for a key as it is now, which only a leader that is confirmed can tell. */
export const getCommand = (key: number): Uint8Array => encode(OP_GET, 0, key, NO_BYTES);

function encode(op: OpCode, flags: number, keyNumber: number, value: Uint8Array): Uint8Array {
  const key = encoder.encode(keyName(keyNumber));
  const bytes = new Uint8Array(commandBytes(key.length, value.length));
  const view = new DataView(bytes.buffer);
  const none = { session: 0, seq: 0, nonce: 0, expected: 0 };
  writeCommand(bytes, view, 0, { op, flags, ...none, key, value });
  return bytes;
}
