import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../kv/command.ts";
import type { Asked } from "../columns.ts";
import { NO_VALUE } from "../format.ts";
import { OP_CAS } from "../op.ts";
import { type Edn, type EdnMap, EdnParser, ednQuote, ednText } from "./edn-parser.ts";
import { decode } from "./lines.ts";
import { refuse, Unreadable, unreadable } from "./problem.ts";
import type { Read } from "./read.ts";
import { EventRecorder, type FailedCas } from "./recorder.ts";
import { isNemesis, opNamed, replyNamed, US_PER_NS } from "./words.ts";

const PROCESS = Symbol.for(":process");
const TYPE = Symbol.for(":type");
const F = Symbol.for(":f");
const KEY = Symbol.for(":key");
const VALUE = Symbol.for(":value");
const TIME = Symbol.for(":time");
const INDEX = Symbol.for(":index");

/**
 * A history as Jepsen and Knossos keep it: maps of :process, :type, :f, :value and perhaps :time
 * (nanoseconds) and :index, one after the other or in one vector. The order of the maps is the order
 * of events. A read of nil found the register absent. Values [key value], as of jepsen.independent,
 * are told by the first operation, and then all are so. The nemesis is passed over.
 */
export function readEdn(bytes: Uint8Array, name: string, failedCas: FailedCas = "ignored"): Read {
  return read(bytes, name, new EdnEvents(failedCas, false), "edn");
}

/**
 * The log of Porcupine's key-value test, as of the MIT 6.824 labs: the same maps with :key, and :f
 * one of :get, :put and :append. A key that is absent and one that holds "" are the same there.
 */
export function readPorcupineKv(bytes: Uint8Array, name: string): Read {
  return read(bytes, name, new EdnEvents("ignored", true), "porcupine-kv");
}

function read(
  bytes: Uint8Array,
  name: string,
  events: EdnEvents,
  format: "edn" | "porcupine-kv",
): Read {
  const text = decode(bytes, name);
  const parser = new EdnParser(text);
  const lineOf = (at: number): number => text.slice(0, at).split("\n").length;
  let from = 0;
  let isParsed = false;
  try {
    for (let closing = ""; ;) {
      const next = parser.peek();
      from = parser.at;
      isParsed = false;
      if (next === "" && closing === "") break;
      if (closing === "" && (next === "[" || next === "(")) {
        closing = next === "[" ? "]" : ")";
        parser.passOver();
      } else if (next !== "" && next === closing) {
        closing = "";
        parser.passOver();
      } else {
        const form = parser.form();
        isParsed = true;
        events.take(form);
      }
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const isCut = parser.at >= text.length;
    const line = lineOf(isParsed || isCut ? from : parser.at);
    refuse(`${name}, line ${line}`, error.message, error.fix);
  }
  const { recorder, passedOver } = events;
  return { history: recorder.finish(), format, passedOver, cutBytes: 0, isTimed: recorder.isTimed };
}

/** Gives each map of a history to the recorder. */
class EdnEvents {
  readonly recorder: EventRecorder;
  passedOver = 0;
  /** Whether "" is what an absent key holds. */
  readonly #emptyIsAbsent: boolean;
  /** Whether values are [key value]; null before the first operation. */
  #keyed: boolean | null = null;
  #lastIndex = -1;

  constructor(failedCas: FailedCas, emptyIsAbsent: boolean) {
    this.recorder = new EventRecorder(failedCas);
    this.#emptyIsAbsent = emptyIsAbsent;
  }

  /** Throws Unreadable. */
  take(form: Edn): void {
    if (!(form instanceof Map)) {
      return unreadable(`${ednQuote(form)} is no operation`, "an operation is a map {:process …}");
    }
    const event: EdnMap = form;
    this.#inOrder(event);
    const who = event.get(PROCESS);
    if (isNemesis(typeof who === "symbol" ? who.description : who)) {
      this.passedOver++;
      return;
    }
    if (typeof who !== "number") {
      const fix = "each operation has a :process, a number or :nemesis";
      unreadable(`:process is ${ednQuote(who)}`, fix);
    }
    const type = keyword(event, TYPE);
    const op = opNamed(keyword(event, F));
    const atUs = timeUs(event.get(TIME));
    if (type === "invoke") this.recorder.call(who, this.#asked(event, op), atUs);
    else this.#reply(event, who, type, op, atUs);
  }

  /** The events are in the order of the file; an :index that says otherwise is not overruled. */
  #inOrder(event: EdnMap): void {
    const index = event.get(INDEX);
    if (typeof index !== "number") return;
    if (index <= this.#lastIndex) {
      unreadable(`:index ${index} after :index ${this.#lastIndex}`, "sort the events by :index");
    }
    this.#lastIndex = index;
  }

  #asked(event: EdnMap, op: number): Asked {
    const [key, value] = this.#keyAndValue(event, op);
    const plain = { op, key, value: NO_VALUE, expected: -1 };
    if (op === OP_GET || op === OP_DELETE) return plain;
    if (op === OP_CAS) {
      if (!Array.isArray(value) || value.length !== 2) {
        unreadable(`a cas of ${ednQuote(value)}`, "the :value of a cas is [from to]");
      }
      return { ...plain, value: this.#id(value[1]), expectedValue: this.#id(value[0]) };
    }
    // To put what an absent key holds is to delete it.
    if (op === OP_PUT && this.#isAbsent(value)) return { ...plain, op: OP_DELETE };
    return { ...plain, value: this.recorder.values.idOfText(ednText(value ?? null)) };
  }

  #reply(event: EdnMap, process: number, type: string, f: number, atUs: number): void {
    const told = replyNamed(type);
    const asked = this.recorder.asked(process);
    const isDeleteAsPut = f === OP_PUT && asked.op === OP_DELETE;
    const reply = { op: isDeleteAsPut ? OP_DELETE : f, version: -1, index: 0 };
    if (told !== "ok" || f !== OP_GET) {
      // The :value of these may be anything, such as :timed-out.
      const key = event.has(KEY) ? this.#key(event.get(KEY)) : null;
      const isNothing = told === "ok" && f === OP_APPEND && this.#addsNothing(asked.value);
      const outcome = isNothing ? "fail" : told;
      this.recorder.reply(process, { ...reply, type: outcome, key, value: NO_VALUE }, atUs);
      return;
    }
    const [key, value] = this.#keyAndValue(event, f);
    this.recorder.reply(process, { ...reply, type: told, key, value: this.#id(value) }, atUs);
  }

  #keyAndValue(event: EdnMap, op: number): readonly [number, Edn | undefined] {
    const value = event.get(VALUE);
    if (event.has(KEY)) return [this.#key(event.get(KEY)), value];
    const isPair = Array.isArray(value) && value.length === 2;
    const isKeyed = isPair && (op !== OP_CAS || Array.isArray(value[1]));
    this.#keyed ??= isKeyed;
    if (!this.#keyed) return [this.#key("register"), value];
    if (!isKeyed) {
      const fix = "give every operation a [key value], or none";
      unreadable(`${ednQuote(value)} is no [key value], as the first operation had`, fix);
    }
    return [this.#key(value[0]), value[1]];
  }

  #key(key: Edn | undefined): number {
    return this.recorder.keys.id(ednText(key ?? null));
  }

  #isAbsent(value: Edn | undefined): boolean {
    return value === null || value === undefined || (this.#emptyIsAbsent && value === "");
  }

  #id(value: Edn | undefined): number {
    return this.#isAbsent(value) ? NO_VALUE : this.recorder.values.idOfText(ednText(value!));
  }

  /** Whether an append of this value leaves everything as it is, even an absent key. */
  #addsNothing(value: number): boolean {
    return this.#emptyIsAbsent && value >= 0 && this.recorder.values.name(value) === "";
  }
}

function keyword(event: EdnMap, field: symbol): string {
  const value = event.get(field);
  const text = typeof value === "symbol" ? value.description! : value;
  if (typeof text === "string") return text.startsWith(":") ? text.slice(1) : text;
  return unreadable(
    `${field.description} is ${ednQuote(value)}`,
    "each operation has :type and :f, both keywords",
  );
}

function timeUs(time: Edn | undefined): number {
  if (time === undefined || time === null) return NaN;
  if (typeof time === "number" && Number.isFinite(time)) return time * US_PER_NS;
  return unreadable(`:time is ${ednQuote(time)}`, "a :time is a number of nanoseconds");
}
