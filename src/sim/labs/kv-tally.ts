import { OUTCOME_INFO, OUTCOME_OK } from "../../history/op.ts";
import { STATUS } from "../../wire/errors.ts";
import type { SimOperation } from "../api.ts";
import { checkOneLeader, fail } from "./checks.ts";
import type { KvTest } from "./kv.ts";
import type { Lab } from "./lab.ts";
import { type Script, until } from "./script.ts";

const READ_TRIES = 20;
const READ_WITHIN_MS = 1_000;

/** What became of the writes of one key. */
type KeyTally = {
  ok: number;
  /** The client never heard: they count once or not at all. */
  maybe: number;
  /** By clerk: the values it appended, in order, `maybe` ones included. */
  readonly appended: Map<number, number[]>;
  readonly unsure: Set<number>;
  /** Some put replaced what had been appended. */
  replaced: boolean;
};

/**
 * What clerks were told, against what the keys hold: the version of a key is the number of its writes
 * that succeeded, and, of those that were given up, some. What was appended is there once, and that
 * of a clerk in its order.
 */
export class KvTally {
  readonly #lab: Lab;
  readonly #ops: KvTest["ops"];
  readonly #keys = new Map<number, KeyTally>();
  readonly #outcomes = new Map<number, number>();

  constructor(lab: Lab, ops: KvTest["ops"]) {
    this.#lab = lab;
    this.#ops = ops;
    const tell = lab.clerks.clients.onDone;
    lab.clerks.clients.onDone = (client, outcome) => {
      tell(client, outcome);
      this.#outcomes.set(client, outcome);
    };
  }

  /** Has a clerk do something, and waits until it knows, or gives up. Returns the outcome. */
  *call(operation: Omit<SimOperation, "atMs">): Script<number> {
    const { client, op, key } = operation;
    const lab = this.#lab;
    const { clients } = lab.clerks;
    this.#outcomes.delete(client);
    clients.start(operation);
    const value = clients.lastValue;
    const isDone = (): boolean => this.#outcomes.has(client);
    const done = yield* until(lab.world, lab.config.timeoutMs + READ_WITHIN_MS, isDone);
    if (!done) fail(lab, `clerk ${client} neither finished nor gave up`);
    const outcome = this.#outcomes.get(client)!;
    if (op !== "get") this.#count(key, client, op, value, outcome);
    return outcome;
  }

  #count(
    key: number,
    client: number,
    op: SimOperation["op"],
    value: number,
    outcome: number,
  ): void {
    const tally = this.#tally(key);
    if (outcome === OUTCOME_OK) tally.ok++;
    else if (outcome === OUTCOME_INFO) tally.maybe++;
    else return;
    if (op === "append") {
      const values = tally.appended.get(client) ?? [];
      values.push(value);
      tally.appended.set(client, values);
      if (outcome === OUTCOME_INFO) tally.unsure.add(value);
    } else {
      tally.replaced = true;
    }
  }

  #tally(key: number): KeyTally {
    let tally = this.#keys.get(key);
    if (tally === undefined) {
      const none = { ok: 0, maybe: 0, replaced: false };
      tally = { ...none, appended: new Map(), unsure: new Set() };
      this.#keys.set(key, tally);
    }
    return tally;
  }

  /** Reads every key that was written, and compares. */
  *check(): Script {
    for (const [key, tally] of this.#keys) {
      const { version, value } = yield* this.read(key);
      const most = tally.ok + tally.maybe;
      const isBetween = version >= tally.ok && version <= most;
      const told = tally.maybe === 0 ? `${tally.ok}` : `${tally.ok} to ${most}`;
      this.#lab.expect(isBetween, `key ${key} has version ${version}; its clerks counted ${told}`);
      if (this.#ops === "append" && !tally.replaced) this.#checkAppends(key, tally, value);
    }
  }

  /** What the leader says of a key, in a linearizable read. */
  *read(key: number): Script<{ readonly version: number; readonly value: string }> {
    const lab = this.#lab;
    for (let tries = 0; tries < READ_TRIES; tries++) {
      const leader = leaderOf(lab) ?? (yield* checkOneLeader(lab));
      const call = lab.confirmedGet(leader, key);
      yield* until(lab.world, READ_WITHIN_MS, () => call.reply !== null);
      const { reply } = call;
      if (reply?.status === STATUS.ok.code || reply?.status === STATUS.notFound.code) {
        return { version: Math.max(0, reply.version), value: reply.value };
      }
    }
    return fail(lab, `key ${key} cannot be read though all is well`);
  }

  /** Each append once, those of a clerk in its order, and nothing that nobody appended. */
  #checkAppends(key: number, { appended, unsure }: KeyTally, value: string): void {
    const found = [...value.matchAll(/v(\d+)/g)].map(([, number]) => Number(number));
    const at = new Map(found.map((number, place) => [number, place]));
    const check = (condition: boolean, message: string): void => {
      if (!condition) fail(this.#lab, message);
    };
    check(at.size === found.length, `key ${key}: something was appended twice: ${value}`);
    const known = new Set([...appended.values()].flat());
    for (const number of found) check(known.has(number), `key ${key}: nobody appended v${number}`);
    for (const [client, values] of appended) {
      let last = -1;
      for (const number of values) {
        const place = at.get(number);
        if (place !== undefined) {
          check(place > last, `key ${key}: v${number} of clerk ${client} is out of order`);
          last = place;
        } else {
          check(unsure.has(number), `key ${key}: v${number} of clerk ${client} is missing`);
        }
      }
    }
  }
}

/** A reachable server that says it leads, of the highest term; null: none does. */
function leaderOf(lab: Lab): number | null {
  const leaders = lab.nodes.filter(
    ({ id, status }) => status?.role === "leader" && lab.isReachable(id),
  );
  const [leader] = leaders.toSorted((a, b) => b.status!.term - a.status!.term);
  return leader?.id ?? null;
}
