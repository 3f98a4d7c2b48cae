import {
  type Command,
  commandBytes,
  FLAG_EXPECTED,
  OP_APPEND,
  OP_DELETE,
  OP_GET,
  OP_OPEN_SESSION,
  OP_PUT,
  writeCommand,
} from "../command.ts";
import type { StateMachine } from "../state-machine.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();
const bytesOf = (value: string | Uint8Array): Uint8Array =>
  typeof value === "string" ? utf8.encode(value) : value;

/** A command with everything at rest but what is named. */
export const command = (parts: Partial<Command>): Command => ({
  op: OP_GET,
  flags: 0,
  session: 0,
  seq: 0,
  nonce: 0,
  expected: 0,
  key: new Uint8Array(0),
  value: new Uint8Array(0),
  ...parts,
});

export const get = (key: string): Command => command({ op: OP_GET, key: bytesOf(key) });
export const put = (key: string, value: string | Uint8Array): Command =>
  command({ op: OP_PUT, key: bytesOf(key), value: bytesOf(value) });
export const putIf = (key: string, expected: number, value: string): Command => ({
  ...put(key, value),
  flags: FLAG_EXPECTED,
  expected,
});
export const append = (key: string, value: string | Uint8Array): Command =>
  command({ op: OP_APPEND, key: bytesOf(key), value: bytesOf(value) });
export const del = (key: string): Command => command({ op: OP_DELETE, key: bytesOf(key) });
export const openSession = (nonce = 1): Command => command({ op: OP_OPEN_SESSION, nonce });

/** A command's bytes at an offset that is aligned to nothing, as in a batch of a log. */
export function encoded(c: Command): {
  bytes: Uint8Array;
  view: DataView;
  at: number;
  end: number;
} {
  const at = 3;
  const bytes = new Uint8Array(at + commandBytes(c.key.length, c.value.length));
  const view = new DataView(bytes.buffer);
  return { bytes, view, at, end: writeCommand(bytes, view, at, c) };
}

/** A result as a plain value: the value is there for a get that found one. */
export type Outcome = {
  readonly status: number;
  readonly version: number;
  readonly index: number;
  readonly value?: string;
};

/** Drives a state machine with whole commands, overwriting each one's bytes after its call. */
export class Driver {
  readonly #machine: Pick<StateMachine, "result" | "apply" | "read">;
  /** Log index of the last command applied. */
  index = 0;

  constructor(machine: Pick<StateMachine, "result" | "apply" | "read">) {
    this.#machine = machine;
  }

  apply(c: Command): Outcome {
    const { bytes, view, at, end } = encoded(c);
    this.#machine.apply(bytes, view, at, end, ++this.index);
    bytes.fill(0xee); // What the machine keeps must be a copy.
    const { status, version, index } = this.#machine.result;
    return { status, version, index };
  }

  /** A get; its index is the caller's business and left out. */
  read(key: string): Omit<Outcome, "index"> {
    const { bytes, view, at, end } = encoded(get(key));
    this.#machine.read(bytes, view, at, end, 0);
    const { status, version, valueIn, valueAt, valueBytes } = this.#machine.result;
    if (status !== 0) return { status, version };
    return { status, version, value: text.decode(valueIn.subarray(valueAt, valueAt + valueBytes)) };
  }
}
