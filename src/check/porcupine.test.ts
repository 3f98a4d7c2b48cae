import { expect, test } from "bun:test";
import { NO_RETURN, OUTCOME_INFO, OUTCOME_OK } from "../history/op.ts";
import { OP_APPEND, OP_GET, OP_PUT } from "../kv/command.ts";
import { checkHistory } from "./check.ts";
import { type Model, NO_VALUE } from "./model.ts";
import type { Operations } from "./operations.ts";
import { search } from "./search.ts";
import { type Event, recordOf } from "./testing/histories.ts";
import { isWitness } from "./witness.ts";

/** Porcupine's own test data (testdata/porcupine/LICENSE.md), with the verdicts it comes with. */
const DATA = `${import.meta.dir}/testdata/porcupine`;
const lines = async (file: string): Promise<readonly string[]> =>
  (await Bun.file(`${DATA}/${file}`).text()).split("\n").filter((line) => line !== "");

/** An operation on a register with compare-and-set by value; -1 is nil. */
type RegisterOp = {
  readonly f: "read" | "write" | "cas";
  /** What was read or written, or to be found. */
  value: number;
  readonly to: number;
  ok: boolean;
};

/** In this data a failed cas asserts that the register did not hold the expected value. */
const register: Model<number, RegisterOp> = {
  init: -1,
  step(state, op) {
    if (op.f === "write") return op.value;
    if (op.f === "read") return state === op.value ? state : undefined;
    if (op.ok) return state === op.value ? op.to : undefined;
    return state === op.value ? undefined : state;
  },
  maybe: (state, op) => (op.f === "write" ? op.value : state === op.value ? op.to : state),
  observes: (op) => op.f === "read" || (op.f === "cas" && !op.ok),
  values: {
    shown: (state) => state + 1,
    needed: (op) => (op.f === "read" || (op.f === "cas" && op.ok) ? op.value + 1 : NO_VALUE),
    left: (op) => (op.f === "read" ? NO_VALUE : op.f === "write" ? op.value + 1 : op.to + 1),
  },
  identity: (op) => `${op.f} ${op.value} ${op.to} ${op.ok}`,
};

/** One Jepsen run against etcd: `INFO jepsen.util - <process> <:type> <:f> <value>`. */
function parseEtcd(text: readonly string[]): Operations<RegisterOp> {
  const ops: RegisterOp[] = [];
  const call: number[] = [];
  const ret: number[] = [];
  const open = new Map<string, number>();
  const dropped = new Set<number>();
  for (const [rank, line] of text.entries()) {
    const match = /^INFO\s+jepsen\.util - (\d+)\s+:(\w+)\s+:(\w+)\s+(.*)$/.exec(line);
    if (match === null) continue;
    const [, process = "", type, f, value = ""] = match;
    const [first = -1, to = -1] = [...value.matchAll(/\d+/g)].map(Number);
    if (type === "invoke") {
      open.set(process, ops.length);
      ops.push({ f: f as RegisterOp["f"], value: first, to, ok: type !== "invoke" });
      call.push(rank);
      ret.push(NO_RETURN);
      continue;
    }
    const i = open.get(process)!;
    open.delete(process);
    if (f === "read" && type !== "ok") dropped.add(i);
    if (type === "info") continue;
    ops[i]!.ok = type === "ok";
    if (f === "read") ops[i]!.value = first;
    ret[i] = rank;
  }
  for (const i of open.values()) if (ops[i]!.f === "read") dropped.add(i);
  const kept = [...ops.keys()].filter((i) => !dropped.has(i));
  return {
    ops: kept.map((i) => ops[i]!),
    call: Int32Array.from(kept, (i) => call[i]!),
    ret: Int32Array.from(kept, (i) => ret[i]!),
    order: new Float64Array(kept.length),
  };
}

const ETCD = {
  "000": false,
  "001": false,
  "002": true,
  "003": false,
  "005": true,
  "006": false,
  "007": true,
  "010": false,
  "018": true,
  "025": true,
  "031": true,
  "040": false,
};

for (const [number, legal] of Object.entries(ETCD)) {
  test(`porcupine: etcd_${number} is ${legal ? "" : "not "}linearizable`, async () => {
    const operations = parseEtcd(await lines(`etcd_${number}.log`));
    expect(operations.ops.length).toBeGreaterThan(50);
    const limits = { now: () => performance.now(), deadlineMs: Infinity, memoryBytes: 1 << 28 };
    const outcome = search(register, operations, limits);
    expect(outcome.kind).toBe(legal ? "legal" : "illegal");
    if (outcome.kind === "legal") {
      expect(isWitness(register, operations, outcome.witness)).toBe(true);
    }
  });
}

/** A run of MIT 6.824 clients: strings, "" at first, no versions. */
function parseKv(text: readonly string[]): { readonly events: Event[]; readonly keys: number } {
  const pattern = /:process (\d+), :type :(\w+), :f :(\w+), :key "(\d+)", :value (?:"(.*)"|nil)/;
  const codes: Readonly<Record<string, number>> = { get: OP_GET, put: OP_PUT, append: OP_APPEND };
  const events: Event[] = [];
  const open = new Map<string, Event>();
  const keys = new Map<string, number>();
  for (const [at, line] of text.entries()) {
    const [, process = "", type, f = "", key = "", said = ""] = pattern.exec(line)!;
    const value = said === "" ? null : said; // An absent key and an empty string are the same here.
    if (type === "invoke") {
      if (!keys.has(key)) keys.set(key, keys.size);
      const event: Event = {
        ...{ process: Number(process), op: codes[f]!, key: keys.get(key)!, value },
        ...{ expected: -1, outcome: OUTCOME_INFO, version: -1, index: 0 },
        ...{ calledAt: at, returnedAt: Infinity },
      };
      open.set(process, event);
      events.push(event);
    } else {
      const event = open.get(process)!;
      if (event.op === OP_GET) event.value = value;
      Object.assign(event, { outcome: OUTCOME_OK, returnedAt: at });
    }
  }
  return { events, keys: keys.size };
}

for (const [file, verdict] of [
  ["c01-ok.txt", "pass"],
  ["c01-bad.txt", "fail"],
  ["c10-ok.txt", "pass"],
  ["c10-bad.txt", "fail"],
] as const) {
  test(`porcupine: ${file} is a ${verdict}`, async () => {
    const { events, keys } = parseKv(await lines(file));
    const options = { now: () => 0, timeoutMs: 1, memoryBytes: 1 << 28 };
    const result = checkHistory(recordOf(events, keys), options);
    expect(result.kind).toBe(verdict);
    if (result.kind === "fail") expect(result.core.length).toBeGreaterThan(0);
  });
}
