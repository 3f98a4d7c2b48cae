import { OP_GET, OP_PUT } from "../../kv/command.ts";
import type { Asked } from "../columns.ts";
import { NO_VALUE } from "../format.ts";
import { OP_CAS } from "../op.ts";
import { eachLine } from "./lines.ts";
import { quote, unreadable } from "./problem.ts";
import { EventRecorder, type FailedCas, type ReplyType } from "./recorder.ts";
import type { Read } from "./read.ts";

const FIX =
  "a line is INFO jepsen.util - <process> :invoke|:ok|:fail|:info :read|:write|:cas <value>";
/** A line of the log, and an event of it, in Jepsen's words. */
const LINE = /^\s*[A-Z]+\s+(\S+)\s+-\s(.*)$/;
const EVENT = /^(\S+)\s+:(\w+)\s+:([\w-]+)(?:\s+(.*))?$/;
const PAIR = /^\[(nil|-?\d+) (nil|-?\d+)\]$/;
const VALUE = /^(?:nil|-?\d+)$/;
const OPS: Readonly<Record<string, number>> = { read: OP_GET, write: OP_PUT, cas: OP_CAS };
const TYPES: Readonly<Record<string, ReplyType>> = { ok: "ok", fail: "fail", info: "info" };

/**
 * The log of a Jepsen run against one register, as Porcupine's test data has it:
 *
 *   INFO  jepsen.util - 2	:invoke	:cas	[0 4]
 *   INFO  jepsen.util - 2	:info	:cas	:timed-out
 *
 * A read of nil found the register absent. In this data a failed cas asserts that the register did
 * not hold the expected value. What the nemesis does and what other loggers say is passed over.
 */
export function readPorcupineEtcd(
  bytes: Uint8Array,
  name: string,
  failedCas: FailedCas = "mismatch",
): Read {
  const recorder = new EventRecorder(failedCas);
  const register = recorder.keys.id("register");
  let passedOver = 0;
  eachLine(bytes, name, (line) => {
    const [, logger, rest = ""] =
      LINE.exec(line) ?? unreadable(`"${quote(line)}" is no event`, FIX);
    if (logger === "jepsen.util" && !rest.startsWith(":nemesis")) event(recorder, register, rest);
    else passedOver++;
  });
  return {
    history: recorder.finish(),
    format: "porcupine-etcd",
    passedOver,
    cutBytes: 0,
    isTimed: false,
  };
}

function event(recorder: EventRecorder, key: number, text: string): void {
  const match = EVENT.exec(text);
  if (match === null) unreadable(`"${quote(text)}" is no event`, FIX);
  const [, who = "", type = "", f = "", value = ""] = match;
  const process = /^\d+$/.test(who)
    ? Number(who)
    : unreadable(`process "${quote(who)}" is not a number`, FIX);
  const op = OPS[f] ?? unreadable(`:${quote(f)} is no operation`, FIX);
  if (type === "invoke") {
    recorder.call(process, asked(recorder, key, op, value), NaN);
    return;
  }
  const told = TYPES[type] ?? unreadable(`:${quote(type)} is no type of event`, FIX);
  const found = op === OP_GET && told === "ok" ? valueOf(recorder, value) : NO_VALUE;
  recorder.reply(process, { type: told, op, key, value: found, version: -1, index: 0 }, NaN);
}

function asked(recorder: EventRecorder, key: number, op: number, text: string): Asked {
  if (op !== OP_CAS) return { op, key, value: valueOf(recorder, text), expected: -1 };
  const match = PAIR.exec(text);
  if (match === null) unreadable(`"${quote(text)}" is not [from to]`, FIX);
  const [expectedValue, value] = [match[1]!, match[2]!].map((v) => valueOf(recorder, v));
  return { op, key, value: value!, expected: -1, expectedValue: expectedValue! };
}

function valueOf(recorder: EventRecorder, text: string): number {
  if (!VALUE.test(text)) unreadable(`"${quote(text)}" is not a number or nil`, FIX);
  return text === "nil" ? NO_VALUE : recorder.values.idOfText(text);
}
