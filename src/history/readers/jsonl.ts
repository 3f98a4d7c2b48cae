import { OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import { GrowingColumns } from "../columns.ts";
import { NO_VALUE } from "../format.ts";
import { OUTCOME_INFO, OUTCOME_OK } from "../op.ts";
import { TextNames } from "../text-names.ts";
import { ValueNames } from "../value-names.ts";
import { rankByTime } from "./by-time.ts";
import {
  askedIn,
  type Fields,
  fieldsOf,
  keyText,
  textField,
  timeField,
  valueId,
  wholeField,
} from "./json-fields.ts";
import { eachLine } from "./lines.ts";
import { unreadable } from "./problem.ts";
import type { Read } from "./read.ts";
import { EventRecorder, type FailedCas, outcomeOf } from "./recorder.ts";
import { isNemesis, opNamed, replyNamed, US_PER_NS } from "./words.ts";

const FORMS =
  'an event has "process", "type" and "f"; an operation "process", "op", "call", "return" and "outcome"';

/**
 * A history as JSON lines (docs/checker.md). Either events, in the order in which they happened,
 *
 *   {"process": 3, "type": "invoke", "f": "put", "key": "k1", "value": "a", "time": 120}
 *   {"process": 3, "type": "ok", "f": "put", "version": 1, "logIndex": 17, "time": 270}
 *
 * or operations, in any order, which their times order (rankByTime):
 *
 *   {"process": 3, "op": "put", "key": "k1", "value": "a", "call": 120, "return": 270, "outcome": "ok"}
 */
export function readJsonLines(
  bytes: Uint8Array,
  name: string,
  failedCas: FailedCas = "ignored",
): Read {
  let lines: JsonEvents | JsonOperations | null = null;
  eachLine(bytes, name, (line) => {
    const fields = fieldsOf(line);
    if ("type" in fields === "op" in fields) unreadable("neither an event nor an operation", FORMS);
    const form = "type" in fields ? "events" : "operations";
    lines ??= form === "events" ? new JsonEvents(failedCas) : new JsonOperations(failedCas);
    if (form !== lines.form) unreadable(`one of ${form} in a file of ${lines.form}`, FORMS);
    lines.take(fields);
  });
  // TypeScript does not see what a callback assigns.
  const read = lines as JsonEvents | JsonOperations | null;
  return (read ?? new JsonEvents(failedCas)).finish();
}

class JsonEvents {
  readonly form = "events";
  passedOver = 0;
  readonly #recorder: EventRecorder;

  constructor(failedCas: FailedCas) {
    this.#recorder = new EventRecorder(failedCas);
  }

  take(fields: Fields): void {
    if (isNemesis(fields["process"])) {
      this.passedOver++;
      return;
    }
    const process = wholeField(fields, "process", 0);
    const type = textField(fields, "type", "an event is invoke, ok, fail, mismatch or info");
    const atUs = timeField(fields, "time") * US_PER_NS;
    if (type !== "invoke") {
      this.#reply(fields, process, type, atUs);
      return;
    }
    const f = textField(fields, "f", 'an event has its operation as "f"');
    const key = this.#recorder.keys.id(keyText(fields["key"]));
    this.#recorder.call(process, askedIn(fields, f, key, this.#recorder.values), atUs);
  }

  finish(): Read {
    const { isTimed } = this.#recorder;
    const { passedOver } = this;
    return { history: this.#recorder.finish(), format: "jsonl", passedOver, cutBytes: 0, isTimed };
  }

  #reply(fields: Fields, process: number, name: string, atUs: number): void {
    const type = replyNamed(name);
    const { keys, values } = this.#recorder;
    const asked = this.#recorder.asked(process);
    const f = fields["f"] === undefined ? asked.op : opNamed(textField(fields, "f", "a word"));
    const isRead = asked.op === OP_GET && type === "ok";
    if (isRead && fields["value"] === undefined) {
      unreadable('a read without "value"', 'write what it read as "value", null if nothing');
    }
    const reply = {
      ...{ type, op: f === OP_PUT && asked.op === OP_DELETE ? OP_DELETE : f },
      key: fields["key"] === undefined ? null : keys.id(keyText(fields["key"])),
      value: isRead ? valueId(values, fields["value"]) : NO_VALUE,
      version: wholeField(fields, "version", 0, -1),
      index: wholeField(fields, "logIndex", 1, 0),
    };
    this.#recorder.reply(process, reply, atUs);
  }
}

class JsonOperations {
  readonly form = "operations";
  readonly #failedCas: FailedCas;
  readonly #rows = new GrowingColumns();
  readonly #keys = new TextNames();
  readonly #values = new ValueNames("");

  constructor(failedCas: FailedCas) {
    this.#failedCas = failedCas;
  }

  take(fields: Fields): void {
    const process = wholeField(fields, "process", 0);
    const type = replyNamed(
      textField(fields, "outcome", '"outcome" is ok, fail, mismatch or info'),
    );
    const name = textField(fields, "op", '"op" is an operation');
    const asked = askedIn(fields, name, this.#keys.id(keyText(fields["key"])), this.#values);
    const { callNs, returnNs } = times(fields, type === "info");
    const row = this.#rows.add(process, asked, 0, callNs);
    const c = this.#rows.columns;
    c.outcome[row] = outcomeOf(type, asked.op, this.#failedCas);
    c.version[row] = wholeField(fields, "version", 0, -1);
    c.index[row] = wholeField(fields, "logIndex", 1, 0);
    if (c.outcome[row] !== OUTCOME_INFO) c.returnUs[row] = returnNs;
    if (asked.op !== OP_GET || c.outcome[row] !== OUTCOME_OK) return;
    if (fields["value"] === undefined) {
      unreadable('a read without "value"', 'write what it read as "value", null if nothing');
    }
    c.value[row] = valueId(this.#values, fields["value"]);
  }

  /** Ranked by nanoseconds, as the file has them: microseconds are rounded. */
  finish(): Read {
    const rows = this.#rows.finish();
    const names = { keys: this.#keys, values: this.#values };
    const h = rankByTime({ count: this.#rows.count, ...rows, ...names }, 0);
    const callUs = h.callUs.map((ns) => ns * US_PER_NS);
    const history = { ...h, callUs, returnUs: h.returnUs.map((ns) => ns * US_PER_NS) };
    return { history, format: "jsonl", passedOver: 0, cutBytes: 0, isTimed: true };
  }
}

/** A typing error in "return" would make an operation that never returned: both must be there. */
function times(
  fields: Fields,
  isInfo: boolean,
): { readonly callNs: number; readonly returnNs: number } {
  const callNs = timeField(fields, "call");
  const returnNs = timeField(fields, "return");
  if (Number.isNaN(callNs)) unreadable('an operation without "call"', FORMS);
  if (!("return" in fields)) unreadable('an operation without "return"', FORMS);
  if (Number.isNaN(returnNs) && !isInfo) {
    unreadable(
      'an outcome without a time of "return"',
      'its outcome is "info" if it never returned',
    );
  }
  if (returnNs < callNs) {
    const fix = "both times are of one clock; if clocks differ, use that of the client for both";
    unreadable(`it returned at ${returnNs}, before its call at ${callNs}`, fix);
  }
  return { callNs, returnNs };
}
