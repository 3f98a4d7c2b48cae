import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { OP_CAS } from "../op.ts";
import { quote, unreadable } from "./problem.ts";
import type { ReplyType } from "./recorder.ts";

/** What histories call the operations. */
const OPS: Readonly<Record<string, number>> = {
  ...{ read: OP_GET, get: OP_GET, write: OP_PUT, put: OP_PUT, set: OP_PUT },
  ...{ append: OP_APPEND, delete: OP_DELETE, cas: OP_CAS },
};
const TYPES = ["ok", "fail", "mismatch", "info"] as const;

/** Microseconds of Jepsen's nanoseconds. */
export const US_PER_NS = 1e-3;

/** Whether a process is the one that makes the faults, and no client. */
export const isNemesis = (process: unknown): boolean =>
  process === "nemesis" || process === ":nemesis";

/** The code of an operation. Throws Unreadable. */
export const opNamed = (name: string): number =>
  Object.hasOwn(OPS, name)
    ? OPS[name]!
    : unreadable(
        `operation "${quote(name)}" is not known`,
        `the checker knows ${Object.keys(OPS).join(", ")}`,
      );

/** Throws Unreadable. */
export const replyNamed = (name: string): ReplyType =>
  TYPES.find((type) => type === name) ??
  unreadable(`"${quote(name)}" is not known`, `it must be one of ${TYPES.join(", ")}`);
