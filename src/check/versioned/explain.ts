import { NO_RETURN } from "../../history/op.ts";
import type { Forced, KeyHistory } from "../path.ts";
import { operationName } from "../describe.ts";
import { client } from "../words.ts";
import { momentsOf, type Refusals } from "./moments.ts";
import { completed, type Illegal, type Placed } from "./placed.ts";
import type { Stuck } from "./refusals.ts";
import type { Windows } from "./windows.ts";

/** More facts than this are not tried one by one. */
const SHRINK_MAX = 300;

/**
 * The counterexample where refused puts leave a version no moment (moments.ts): those that expected
 * one of the versions that led there, and what bounds the moments of these, less all without which
 * there is no moment either. Mostly three: one had found the version before the put was called, and
 * one found it after the put was refused.
 */
export function wronglyRefused(
  key: KeyHistory,
  placed: Placed,
  windows: Windows,
  stuck: Stuck,
): Illegal {
  const proof = new Proof(key, placed, stuck.since, Math.min(stuck.version, placed.top + 1));
  const facts = proof.facts(windows);
  let core: readonly number[];
  if (proof.contradicts(facts, -1)) core = proof.shrink(facts, -1);
  else core = proof.afterTop(facts) ?? completed(key);
  return { kind: "illegal", core, ...account(key, placed, core) };
}

class Proof {
  readonly #key: KeyHistory;
  readonly #placed: Placed;
  /** The versions in question. */
  readonly #first: number;
  readonly #last: number;

  constructor(key: KeyHistory, placed: Placed, first: number, last: number) {
    this.#key = key;
    this.#placed = placed;
    this.#first = first;
    this.#last = last;
  }

  /** All that can matter. Pending writes prove nothing: any write might have been in their place. */
  facts({ since, until }: Windows): number[] {
    const { at, blind } = this.#placed;
    const facts = new Set<number>();
    for (let p = this.#first; p <= this.#last; p++) {
      for (const i of [until[p]!, since[p]!]) if (i >= 0 && at[i]! >= 0) facts.add(i);
    }
    for (const i of blind) {
      const expected = this.#expected(i);
      if (expected >= this.#first && expected < this.#last) facts.add(i);
    }
    return [...facts].sort((a, b) => a - b);
  }

  /** Whether no moments agree with `facts`, given that #last was not made before `floor`. */
  contradicts(facts: readonly number[], floor: number): boolean {
    const { at, writer } = this.#placed;
    const { call, ret } = this.#key.operations;
    const size = this.#last - this.#first + 1;
    const lo = new Int32Array(size).fill(-1);
    const hi = new Int32Array(size).fill(NO_RETURN);
    if (this.#first === 0) hi[0] = -1;
    lo[size - 1] = floor;
    for (const i of facts) {
      if (at[i]! < 0) continue;
      const found = at[i]! - this.#first;
      const after = writer[at[i]!] === i ? found : found + 1;
      if (found >= 0)
        hi[Math.min(found, size - 1)] = Math.min(hi[Math.min(found, size - 1)]!, ret[i]!);
      const from = Math.max(after, 0);
      if (from < size) lo[from] = Math.max(lo[from]!, call[i]!);
    }
    for (let p = 1; p < size; p++) lo[p] = Math.max(lo[p]!, lo[p - 1]!);
    for (let p = size - 2; p >= 0; p--) hi[p] = Math.min(hi[p]!, hi[p + 1]!);
    return momentsOf({ lo, hi }, this.#refusals(facts, size), () => null).kind === "stuck";
  }

  /** Leaves out one fact after the other as long as the rest is a contradiction. */
  shrink(facts: readonly number[], floor: number): readonly number[] {
    if (facts.length > SHRINK_MAX) return facts;
    let core = facts;
    for (const i of facts) {
      const rest = core.filter((j) => j !== i);
      if (this.contradicts(rest, floor)) core = rest;
    }
    return core;
  }

  /**
   * Where the put was refused at the newest version that anybody saw: one that found it, and all
   * writes that completed after that one was called, made no newer one, and no pending write was
   * called in time to. Null: that does not suffice.
   */
  afterTop(facts: readonly number[]): readonly number[] | null {
    const { at, pending, top, writer } = this.#placed;
    const o = this.#key.operations;
    if (this.#last !== top + 1) return null;
    const relevant = pending.filter((i) => this.#expected(i) < 0 || this.#expected(i) === top);
    const floor = relevant.length === 0 ? NO_RETURN : o.call[relevant[0]!]!;
    if (!this.contradicts(facts, floor)) return null;
    const core = this.shrink(facts, floor);
    const end = Math.max(...core.map((i) => o.ret[i]!));
    const witness = at.lastIndexOf(top);
    if (witness < 0) return null;
    const writes = [...at.keys()].filter(
      (i) =>
        at[i]! >= 0 && writer[at[i]!] === i && o.ret[i]! >= o.call[witness]! && o.call[i]! <= end,
    );
    return [...new Set([...core, witness, ...writes])];
  }

  #expected(i: number): number {
    return this.#key.history.expected[this.#key.operations.ops[i]!]!;
  }

  #refusals(facts: readonly number[], size: number): Refusals {
    const { call, ret } = this.#key.operations;
    const blind = facts.filter((i) => this.#placed.at[i]! < 0);
    blind.sort((a, b) => this.#expected(a) - this.#expected(b) || a - b);
    const from = new Int32Array(size + 1);
    for (const i of blind) from[this.#expected(i) - this.#first + 1]!++;
    for (let p = 1; p <= size; p++) from[p]! += from[p - 1]!;
    return {
      from,
      call: Int32Array.from(blind, (i) => call[i]!),
      ret: Int32Array.from(blind, (i) => ret[i]!),
    };
  }
}

function account(
  { history: h, operations: o }: KeyHistory,
  placed: Placed,
  core: readonly number[],
): Pick<Illegal, "sentence" | "arrows"> {
  const refused = core.filter((i) => placed.at[i]! < 0);
  if (refused.length !== 1) {
    const sentence = `these ${refused.length} refused puts cannot each have found another version than the one that it expected`;
    return { sentence, arrows: [] };
  }
  const put = refused[0]!;
  const row = o.ops[put]!;
  const version = h.expected[row]!;
  const what = `a ${operationName(h, row)} by ${client(h, row)} that expected version ${version} was refused`;
  const arrows: Forced[] = [];
  for (const i of core) {
    if (o.ret[i]! < o.call[put]!) arrows.push({ before: i, after: put, why: "realTime" });
    if (o.call[i]! > o.ret[put]!) arrows.push({ before: put, after: i, why: "realTime" });
  }
  return { sentence: `${what}, although that was the version all the while`, arrows };
}
