import { HistoryWriter, NO_VALUE, readHistory } from "../../../history/codec.ts";
import {
  type History,
  OUTCOME_FAIL,
  OUTCOME_INFO,
  OUTCOME_MISMATCH,
  OUTCOME_OK,
} from "../../../history/op.ts";
import { OP_APPEND, OP_DELETE, OP_GET, OP_PUT } from "../../../kv/command.ts";
import type { Prng } from "../../../lib/prng.ts";
import type { ReadValue } from "../content.ts";

/** What one event tells a recorder. `plantedHere`: the fault of the run takes place with it. */
export type StoreEvent =
  | {
      readonly kind: "invoke";
      readonly slot: number;
      readonly process: number;
      readonly op: number;
      readonly key: number;
      readonly value: number;
      readonly expected: number;
    }
  | {
      readonly kind: "complete";
      readonly slot: number;
      readonly process: number;
      readonly outcome: number;
      readonly version: number;
      readonly index: number;
      readonly value: ReadValue;
    };

export const PLANTS = ["stale read", "lost write", "applied twice", "version reused"] as const;
export type Plant = (typeof PLANTS)[number];

export type StoreSpec = {
  readonly events: number;
  readonly clients: number;
  readonly keys: number;
  /** Shares of the operations; the rest are unconditional puts. */
  readonly gets: number;
  readonly versioned: number;
  readonly appends: number;
  readonly deletes: number;
  /** Shares of operations whose outcome is unknown, half of which take effect; and that fail. */
  readonly infos: number;
  readonly fails: number;
  /** Whether replies tell versions and indexes. */
  readonly versions: boolean;
  readonly indexes: boolean;
  /** What goes wrong once, and after how many events at the earliest; null: nothing. */
  readonly plant: Plant | null;
  readonly plantFrom: number;
};

export const STORE: StoreSpec = {
  ...{ events: 2000, clients: 8, keys: 3, gets: 0.5, versioned: 0.1, appends: 0, deletes: 0 },
  ...{ infos: 0.01, fails: 0.01, versions: true, indexes: true, plant: null, plantFrom: 0 },
};

type Cell = { readonly version: number; readonly parts: readonly number[] };
type Client = {
  slot: number;
  process: number;
  phase: "idle" | "sent" | "done";
  op: number;
  key: number;
  value: number;
  expected: number;
  outcome: number;
  /** The newest version told of its key when it was sent. */
  floor: number;
  reply: { outcome: number; version: number; index: number; value: ReadValue };
};

const EMPTY: Cell = { version: 0, parts: [] };
const MAYBE_LATER = 0.5;

/**
 * Clients against one copy of the store, correct but for the plant: what a recorder would be told,
 * and the number of the event from which on the plant is part of it (−1: it never came about).
 */
export function runStore(
  random: Prng,
  spec: StoreSpec,
): { readonly events: readonly StoreEvent[]; readonly plantedAt: number } {
  return new Store(random, spec).run();
}

class Store {
  readonly #random: Prng;
  readonly #spec: StoreSpec;
  /** By key: all that it ever was, the present last. */
  readonly #cells: Cell[][];
  readonly #told: number[];
  readonly #clients: Client[];
  readonly #late: Client[] = [];
  readonly #events: StoreEvent[] = [];
  #processes: number;
  #numbers = 0;
  #index = 0;
  #plantedAt = -1;

  constructor(random: Prng, spec: StoreSpec) {
    this.#random = random;
    this.#spec = spec;
    this.#cells = Array.from({ length: spec.keys }, () => [EMPTY]);
    this.#told = Array.from({ length: spec.keys }, () => 0);
    this.#processes = spec.clients;
    this.#clients = Array.from({ length: spec.clients }, (_, slot) => ({
      ...{ slot, process: slot, phase: "idle", op: 0, key: 0, value: -1, expected: -1 },
      ...{ outcome: OUTCOME_OK, floor: 0 },
      reply: { outcome: OUTCOME_OK, version: -1, index: 0, value: NO_VALUE },
    }));
  }

  run(): { readonly events: readonly StoreEvent[]; readonly plantedAt: number } {
    while (this.#events.length < this.#spec.events) {
      const client = this.#random.pick(this.#clients);
      if (client.phase === "idle") this.#send(client);
      else if (client.phase === "sent") this.#takeEffect(client);
      else this.#answer(client);
      if (this.#late.length > 0 && this.#random.chance(0.02)) this.#apply(this.#late.pop()!);
    }
    return { events: this.#events, plantedAt: this.#plantedAt };
  }

  #send(client: Client): void {
    const { gets, versioned, appends, deletes, infos, fails, keys } = this.#spec;
    const random = this.#random;
    const kind = random.float() - gets;
    const isVersioned = kind >= 0 && kind < versioned;
    const isAppend = kind >= versioned && kind < versioned + appends;
    const isDelete = kind >= versioned + appends && kind < versioned + appends + deletes;
    const key = random.below(keys);
    const fate = random.float();
    client.phase = "sent";
    client.op = kind < 0 ? OP_GET : isAppend ? OP_APPEND : isDelete ? OP_DELETE : OP_PUT;
    client.key = key;
    client.value = kind < 0 || isDelete ? NO_VALUE : ++this.#numbers;
    const now = this.#now(key).version;
    client.expected = isVersioned ? Math.max(0, now - random.below(2)) : -1;
    client.floor = this.#told[key]!;
    client.outcome = fate < infos ? OUTCOME_INFO : fate < infos + fails ? OUTCOME_FAIL : OUTCOME_OK;
    const { slot, process, op, value, expected } = client;
    this.#events.push({ kind: "invoke", slot, process, op, key, value, expected });
  }

  #takeEffect(client: Client): void {
    client.phase = "done";
    const unknown = { outcome: client.outcome, version: -1, index: 0, value: NO_VALUE };
    client.reply = unknown;
    if (client.outcome === OUTCOME_FAIL) return;
    if (client.outcome === OUTCOME_INFO) {
      if (this.#random.chance(0.5)) return;
      if (this.#random.chance(MAYBE_LATER)) this.#late.push({ ...client });
      else this.#apply(client);
      client.reply = unknown;
      return;
    }
    this.#apply(client);
  }

  #apply(client: Client): void {
    const { op, key, value, expected } = client;
    const planted = this.#plantFor(client);
    const now = this.#now(key);
    const isRefused = expected >= 0 && expected !== now.version;
    let seen = now;
    if (planted === "stale read") seen = this.#cells[key]!.at(-2)!;
    if (op !== OP_GET && !isRefused) {
      seen = written(now, op, value);
      if (planted === "version reused") seen = { ...seen, version: now.version };
      if (planted !== "lost write") this.#cells[key]!.push(seen);
      if (planted === "applied twice") this.#cells[key]!.push(written(seen, op, value));
    }
    client.reply = {
      outcome: isRefused ? OUTCOME_MISMATCH : OUTCOME_OK,
      version: this.#spec.versions ? seen.version : -1,
      index: this.#spec.indexes ? ++this.#index : 0,
      value: op === OP_GET ? textOf(seen.parts) : NO_VALUE,
    };
  }

  #answer(client: Client): void {
    const { slot, process, key, reply } = client;
    client.phase = "idle";
    this.#events.push({ kind: "complete", slot, process, ...reply });
    this.#told[key] = Math.max(this.#told[key]!, reply.version);
    if (reply.outcome === OUTCOME_INFO) client.process = this.#processes++;
  }

  #now = (key: number): Cell => this.#cells[key]!.at(-1)!;

  /** The plant, if this is the operation for it. */
  #plantFor({ op, key, outcome, floor, expected }: Client): Plant | null {
    const { plant, plantFrom } = this.#spec;
    if (plant === null || this.#plantedAt >= 0 || this.#events.length < plantFrom) return null;
    const before = this.#cells[key]!.at(-2);
    if (outcome !== OUTCOME_OK || before === undefined || expected >= 0) return null;
    const isStale = before.version < floor && this.#now(key).version === floor;
    const fits =
      plant === "stale read" ? op === OP_GET && isStale : op === OP_PUT || op === OP_APPEND;
    if (!fits) return null;
    this.#plantedAt = this.#events.length;
    return plant;
  }
}

function written(cell: Cell, op: number, value: number): Cell {
  if (op === OP_DELETE) return EMPTY;
  return { version: cell.version + 1, parts: op === OP_PUT ? [value] : [...cell.parts, value] };
}

function textOf(parts: readonly number[]): ReadValue {
  if (parts.length === 0) return NO_VALUE;
  return parts.length === 1 ? parts[0]! : parts.map((part) => `v${part}`).join("");
}

/** The recording of the first `count` events: through the real file format and back. */
export function historyOf(events: readonly StoreEvent[], count = events.length): History {
  const writer = new HistoryWriter(0);
  const keys = Math.max(0, ...events.map((event) => (event.kind === "invoke" ? event.key + 1 : 0)));
  for (let k = 0; k < keys; k++) writer.defineKey(`k${k}`);
  for (const [at, event] of events.slice(0, count).entries()) {
    if (event.kind === "invoke") {
      writer.invoke(event.process, event.op, event.key, event.value, event.expected, at);
    } else {
      const { value } = event;
      const handle = typeof value === "number" ? value : writer.defineValue(value);
      writer.complete(event.process, event.outcome, event.version, event.index, handle, at);
    }
  }
  const blocks: Uint8Array[] = [];
  for (let b = writer.take(); b !== null; b = writer.take()) blocks.push(b);
  return readHistory(new Uint8Array(Buffer.concat(blocks)));
}
