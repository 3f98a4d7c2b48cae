import type { ModelName } from "../models.ts";
import { certificate } from "../certificate.ts";
import { checkHistory, type CheckOptions, type CheckResult } from "../check.ts";
import { keysOf } from "../keys.ts";
import type { Forced, KeyHistory, Path, PathVerdict } from "../path.ts";
import { search } from "../search.ts";
import { type Method, PATHS } from "../settle.ts";
import { isWitness } from "../witness.ts";
import { followed } from "./follow.ts";
import { coreHolds, isLinearizable, limitsFor, NAIVE_MAX, replays } from "./reference.ts";
import { historyOf, type SmallOp } from "./small.ts";

type Paths = readonly (readonly [Method, Path])[];

/** What the checker said of a history, and how that differs from what is so. */
export type Judgement = {
  /** Null: a large history, of which only the checker knows. */
  readonly legal: boolean | null;
  /** What settled the history: the method of a failure, or of its last key. */
  readonly method: Method | "none";
  /** `register says legal, but it is not`; null: all agree. */
  readonly problem: string | null;
};

/**
 * Lets the checker as a whole and each of its paths alone judge `ops`, and compares them with a
 * search that tries every order (reference.ts). Whatever is thrown is a problem too.
 */
export function judge(
  ops: readonly SmallOp[],
  model: ModelName,
  paths: Paths = [...PATHS, ...OTHERS],
): Judgement {
  const legal = isLinearizable(ops);
  let method: Judgement["method"] = "none";
  try {
    const result = checkHistory(historyOf(ops), { ...optionsFor(ops), model });
    method = methodOf(result);
    const problem =
      problemOfResult(ops, legal, result) ??
      problemOfPaths(ops, paths) ??
      problemOnline(ops, result.kind === "pass");
    return { legal, method, problem };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { legal, method, problem: `the checker threw ${text}` };
  }
}

function optionsFor(ops: readonly SmallOp[]): CheckOptions {
  const { now, deadlineMs, memoryBytes } = limitsFor(ops.length);
  return { now, timeoutMs: deadlineMs, memoryBytes };
}

function methodOf(result: CheckResult): Judgement["method"] {
  if (result.kind === "fail") return result.method;
  if (result.kind === "unknown") return "search";
  const methods = Object.keys(result.settledBy) as Method[];
  return methods.findLast((method) => result.settledBy[method] > 0) ?? "none";
}

const said = (legal: boolean): string => (legal ? "linearizable" : "not linearizable");

function problemOfResult(
  ops: readonly SmallOp[],
  legal: boolean | null,
  result: CheckResult,
): string | null {
  if (result.kind === "unknown" && ops.length > NAIVE_MAX) return null;
  if (legal !== null && result.kind !== (legal ? "pass" : "fail")) {
    return `the checker says ${result.kind}, but the history is ${said(legal)}`;
  }
  if (result.kind !== "fail") return null;
  if (result.sentence === "") return "a failure without a sentence";
  return problemOfCore(ops, result.core, result.arrows, `the checker (by ${result.method})`);
}

/** `core` and `arrows` are rows of the history, that is places in `ops`. */
function problemOfCore(
  ops: readonly SmallOp[],
  core: readonly number[],
  arrows: readonly Forced[],
  who: string,
): string | null {
  const named = new Set(core.map((row) => ops[row]));
  if (core.length === 0 || named.size !== core.length || named.has(undefined)) {
    return `${who} gives a core that is none: ${core.join(" ")}`;
  }
  const key = ops[core[0]!]!.key;
  const own = ops.filter((op) => op.key === key);
  if (coreHolds(own, named as Set<SmallOp>) === false) {
    return `${who} gives a core that is legal: operations ${core.join(" ")}`;
  }
  for (const { before, after, why } of arrows) {
    const [a, b] = [ops[before], ops[after]];
    const isTrue = why === "value" || (a?.ret != null && b !== undefined && a.ret < b.call);
    if (!isTrue || !core.includes(before) || !core.includes(after)) {
      return `${who} draws an arrow (${why}) from ${before} to ${after} that is not there`;
    }
  }
  return null;
}

/** The online checker may miss a violation, but must see none that is not there. */
function problemOnline(ops: readonly SmallOp[], passed: boolean): string | null {
  const violation = passed ? followed(historyOf(ops)) : null;
  return violation && `the online checker sees a violation that is none: ${violation.sentence}`;
}

/** What is wrong with what one path alone says of one key of `ops`. */
function problemOfPaths(ops: readonly SmallOp[], paths: Paths): string | null {
  const keys = keysOf(historyOf(ops));
  for (let k = 0; k < keys.count; k++) {
    const key = keys.at(k);
    const own = ops.filter((op) => op.key === k);
    const legal = isLinearizable(own);
    for (const [name, path] of paths) {
      const verdict = path(key);
      const problem = verdict && problemOfVerdict(ops, own, key, legal, name, verdict);
      if (problem !== null) return problem;
    }
  }
  return null;
}

const certificatePath: Path = ({ model, operations }) => {
  const witness = certificate(model, operations);
  if (witness === null || !isWitness(model, operations, witness)) return null;
  return { kind: "legal", witness };
};

/** Says illegal without a core: of that the pipeline makes one. */
const searchPath: Path = ({ model, operations }) => {
  const found = search(model, operations, limitsFor(operations.ops.length));
  if (found.kind === "unknown") return null;
  if (found.kind === "legal") return { kind: "legal", witness: found.witness };
  return { kind: "illegal", core: [], sentence: "", arrows: [] };
};

const OTHERS: Paths = [
  ["certificate", certificatePath],
  ["search", searchPath],
];

function problemOfVerdict(
  ops: readonly SmallOp[],
  own: readonly SmallOp[],
  { operations, traits }: KeyHistory,
  legal: boolean | null,
  name: Method,
  verdict: NonNullable<PathVerdict>,
): string | null {
  const rowOf = (place: number): number => operations.ops[place]!;
  if (verdict.kind === "legal") {
    const order = Array.from(verdict.witness, (place) => ops[rowOf(place)]!);
    if (replays(own, order)) return null;
    // The paths of plain registers look at no version: the pipeline drops what does not replay.
    const isProposal = (name === "register" || name === "insertion") && traits.versions;
    return isProposal ? null : `${name} gives an order that does not replay`;
  }
  if (legal) return `${name} says illegal, but key k${own[0]?.key} is linearizable`;
  if (name === "search") return null;
  const arrows = verdict.arrows.map(({ before, after, why }) => ({
    ...{ before: rowOf(before), after: rowOf(after), why },
  }));
  return problemOfCore(ops, verdict.core.map(rowOf), arrows, name);
}
