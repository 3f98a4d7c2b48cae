import { type History, OP_CAS } from "../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_NAMES, OP_PUT } from "../kv/command.ts";
import { UserError } from "../lib/user-error.ts";

/**
 * What a key may be asked: `register`: get, put; `cas`: and compare-and-set by value; `versioned-kv`:
 * get, put with or without a version, delete; `append-kv`: get, put, append; `kv`: all of these.
 * `auto`: whatever the history holds. An operation that the model has not is the user's mistake.
 */
export type ModelName = "auto" | "register" | "cas" | "versioned-kv" | "append-kv" | "kv";

const OPS: Readonly<Record<Exclude<ModelName, "auto" | "kv">, readonly number[]>> = {
  register: [OP_GET, OP_PUT],
  cas: [OP_GET, OP_PUT, OP_CAS],
  "versioned-kv": [OP_GET, OP_PUT, OP_DELETE],
  "append-kv": [OP_GET, OP_PUT, OP_APPEND],
};

/** Throws UserError if the history holds an operation that the model has not, naming the first. */
export function requireModel(history: History, model: ModelName): void {
  if (model === "auto" || model === "kv") return;
  const row = firstForeign(history, model);
  if (row < 0) return;
  throw new UserError("the model does not fit the history", [
    {
      where: `operation ${row}, by client ${history.process[row]}`,
      what: `the model ${model} has no ${nameOf(history, row)}`,
      fix: "leave --model out, or pass --model kv, which has all operations",
    },
  ]);
}

function firstForeign({ count, op, expected }: History, model: keyof typeof OPS): number {
  const known = OPS[model];
  for (let row = 0; row < count; row++) {
    if (!known.includes(op[row]!)) return row;
    if (model !== "versioned-kv" && expected[row]! >= 0) return row;
  }
  return -1;
}

function nameOf({ op, expected }: History, row: number): string {
  if (op[row] === OP_CAS) return "compare-and-set";
  return expected[row]! >= 0 ? `${OP_NAMES[op[row]!]} with a version` : OP_NAMES[op[row]!]!;
}
