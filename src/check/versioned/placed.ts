import { type History, NO_RETURN, OUTCOME_MISMATCH } from "../../history/op.ts";
import { OP_GET } from "../../kv/command.ts";
import type { KeyHistory, PathVerdict } from "../path.ts";
import { valueName } from "../describe.ts";
import { client, saw, theOperation, wrote } from "../words.ts";

export const NOBODY = -1;
/** `at` of a pending write, and of a refused put whose reply told no version. */
export const NOWHERE = -1;
/** `at` of a completed operation whose version nobody told (yet). */
export const UNTOLD = -2;

/**
 * Where the operations of a key without deletes belong among its versions 0 (absent), 1, 2 …: a
 * write that took effect made one version of the one before. Operations are numbered by place.
 */
export type Placed = {
  /** The newest version that a completed operation shows to have existed. */
  readonly top: number;
  /** By place: the version that it made if it wrote, and that it found if not. */
  readonly at: Int32Array;
  /** By version, 0 … top: the write that made it. */
  readonly writer: Int32Array;
  readonly untold: readonly number[];
  /** Of what told no version: the operations whose replies tell where it belongs all the same. */
  readonly because: ReadonlyMap<number, readonly number[]>;
  /** Pending writes, and refused puts whose replies told no version; in order of call. */
  readonly pending: readonly number[];
  readonly blind: readonly number[];
};

export type Illegal = Extract<PathVerdict, { kind: "illegal" }>;

export const isIllegal = (x: object): x is Illegal => "kind" in x;

/**
 * Places what tells its version. A success that expected version e made e + 1, whether told or not.
 * Illegal: a reply that contradicts itself; two writes that made one version; a version higher than
 * there are writes. O(n).
 */
export function placeByVersion(key: KeyHistory): Placed | Illegal {
  const { history: h, operations: o } = key;
  const n = o.ops.length;
  const at = new Int32Array(n);
  const untold: number[] = [];
  const pending: number[] = [];
  const blind: number[] = [];
  let writes = 0;
  for (let i = 0; i < n; i++) if (wrote(h, o.ops[i]!)) writes++;
  const writer = new Int32Array(writes + 1).fill(NOBODY);
  let top = 0;
  for (let i = 0; i < n; i++) {
    const row = o.ops[i]!;
    if (o.ret[i] === NO_RETURN) {
      pending.push(i);
      at[i] = NOWHERE;
      continue;
    }
    const writesHere = wrote(h, row);
    const told = h.version[row]!;
    const expected = h.expected[row]!;
    if (contradictsItself(h, row)) return { kind: "illegal", core: [i], ...lone(h, row) };
    const version = told >= 0 ? told : writesHere && expected >= 0 ? expected + 1 : UNTOLD;
    if (version === UNTOLD) {
      const isBlind = !writesHere && h.op[row] !== OP_GET;
      (isBlind ? blind : untold).push(i);
      at[i] = isBlind ? NOWHERE : UNTOLD;
      continue;
    }
    if (version > writes) return tooHigh(key, i, version, writes);
    at[i] = version;
    if (version > top) top = version;
    if (!writesHere) continue;
    if (writer[version] !== NOBODY) return madeTwice(h, o.ops, writer[version]!, i);
    writer[version] = i;
  }
  return {
    top,
    at,
    writer: writer.subarray(0, top + 1),
    untold,
    because: new Map(),
    pending,
    blind,
  };
}

/** Version 0 is that the key is absent, and no write leaves it so. */
function contradictsItself(h: History, row: number): boolean {
  const told = h.version[row]!;
  if (told < 0) return false;
  if (h.op[row] === OP_GET) return (told === 0) !== h.value[row]! < 0;
  if (h.outcome[row] === OUTCOME_MISMATCH) return told === h.expected[row];
  return told === 0 || (h.expected[row]! >= 0 && told !== h.expected[row]! + 1);
}

function lone(h: History, row: number): Pick<Illegal, "sentence" | "arrows"> {
  const version = h.version[row]!;
  if (h.op[row] === OP_GET) {
    const read = `a read by ${client(h, row)} returned ${valueName(h, row)} as version ${version}`;
    return {
      sentence: `${read}, ${version === 0 ? "which has no value" : "which has one"}`,
      arrows: [],
    };
  }
  const expected = h.expected[row]!;
  const why = expected >= 0 ? `though it expected version ${expected}` : "as version 0";
  return { sentence: `${saw(h, row)} ${why}`, arrows: [] };
}

/** A version higher than there are writes; a read of a value that nobody wrote is called that. */
function tooHigh(key: KeyHistory, i: number, version: number, writes: number): Illegal {
  const { history: h, operations: o, traits } = key;
  const row = o.ops[i]!;
  const alone = { kind: "illegal", core: [i], arrows: [] } as const;
  if (h.op[row] !== OP_GET) return { ...alone, sentence: `${saw(h, row)}${most(writes)}` };
  const isWritten =
    traits.appends || o.ops.some((other) => wrote(h, other) && h.value[other] === h.value[row]);
  const sentence = isWritten
    ? `a read by ${client(h, row)} returned version ${version}${most(writes)}`
    : `a get by ${client(h, row)} returned ${valueName(h, row)}, which nobody had written`;
  return { ...alone, sentence };
}

const most = (writes: number): string =>
  `, but no more than ${writes} ${writes === 1 ? "write was" : "writes were"} sent`;

export function madeTwice(
  h: History,
  ops: KeyHistory["operations"]["ops"],
  a: number,
  b: number,
): Illegal {
  const both = `${theOperation(h, ops[a]!)} and ${theOperation(h, ops[b]!)}`;
  const version = Math.max(h.version[ops[a]!]!, h.expected[ops[a]!]! + 1);
  const sentence = `${both} were both acknowledged as version ${version}`;
  return { kind: "illegal", core: [a, b], sentence, arrows: [] };
}

/** With what tells the versions of those of the core that told none themselves. */
export function supported(placed: Placed, illegal: Illegal): Illegal {
  if (placed.because.size === 0) return illegal;
  const core = new Set(illegal.core);
  for (const i of illegal.core) {
    for (const teller of placed.because.get(i) ?? []) core.add(teller);
  }
  return { ...illegal, core: [...core] };
}

/** The places of all completed operations: what to believe where no less is known to suffice. */
export const completed = ({ operations: { ret } }: KeyHistory): number[] =>
  [...ret.keys()].filter((i) => ret[i] !== NO_RETURN);
