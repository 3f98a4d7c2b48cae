import type { Fault } from "../fault/vocabulary.ts";
import type { Problem } from "../lib/user-error.ts";
import { type Condition, describeCondition } from "./condition.ts";

/** One thing of a sequence; the next begins when it is done. */
export type Stage =
  | { readonly kind: "do"; readonly fault: Fault }
  | { readonly kind: "wait"; readonly ms: number }
  /**
   * Until the condition holds. If it does not within `limitMs` the rest of the sequence is left out and
   * the run is vacuous.
   */
  | { readonly kind: "until"; readonly condition: Condition; readonly limitMs: number };

/** Stages one after the other, the first at `atMs` after the load began. */
export type Sequence = { readonly atMs: number; readonly stages: readonly Stage[] };

/** The longest that the stages can take. */
export const longestMs = (stages: readonly Stage[]): number =>
  stages.reduce((sum, stage) => sum + spanOf(stage), 0);

const spanOf = (stage: Stage): number =>
  stage.kind === "wait" ? stage.ms : stage.kind === "until" ? stage.limitMs : 0;

/** Does it have no times of its own? Else it is as good as some faults at fixed times. */
export const waitsForSomething = (stages: readonly Stage[]): boolean =>
  stages.some(({ kind }) => kind === "until");

/**
 * The stages with all times scaled, as a run of another length has them. In a shorter one there is less
 * time for work, and so less of it is waited for.
 */
export const scaledStages = (stages: readonly Stage[], scale: number): readonly Stage[] =>
  stages.map((stage) => {
    if (stage.kind === "wait") return { ...stage, ms: stage.ms * scale };
    if (stage.kind === "do") return stage;
    const condition = scaledWork(stage.condition, Math.min(1, scale));
    return { ...stage, condition, limitMs: stage.limitMs * scale };
  });

function scaledWork(condition: Condition, share: number): Condition {
  switch (condition.kind) {
    case "commitIndex":
      return { ...condition, index: Math.ceil(condition.index * share) };
    case "acknowledged":
      return { ...condition, operations: Math.ceil(condition.operations * share) };
    default:
      return condition;
  }
}

export const faultsOfStages = (stages: readonly Stage[]): readonly Fault[] =>
  stages.flatMap((stage) => (stage.kind === "do" ? [stage.fault] : []));

/** A stage in a few words; `describe` is that of faults. */
export function describeStage(stage: Stage, describe: (fault: Fault) => string): string {
  switch (stage.kind) {
    case "do":
      return describe(stage.fault);
    case "wait":
      return `wait ${Math.round(stage.ms)} ms`;
    case "until":
      return `until ${describeCondition(stage.condition)} (${Math.round(stage.limitMs)} ms at most)`;
  }
}

/** What is wrong with times and amounts of the stages; the faults are checked elsewhere. */
export function stageProblems(
  { atMs, stages }: Sequence,
  where: string,
  endMs: number,
): readonly Problem[] {
  const found: Problem[] = [];
  if (stages.length === 0) found.push({ where, what: "does nothing", fix: "give it stages" });
  for (const [i, stage] of stages.entries()) {
    const here = `${where} stage ${i + 1} (${stage.kind})`;
    if (stage.kind !== "do" && !(spanOf(stage) > 0)) {
      found.push({ where: here, what: `lasts ${spanOf(stage)} ms`, fix: "give it some time" });
    }
    const amount = stage.kind === "until" ? amountOf(stage.condition) : 1;
    if (!(Number.isSafeInteger(amount) && amount >= 1)) {
      const what = `waits for ${amount}`;
      found.push({ where: here, what, fix: "use a whole number from 1" });
    }
  }
  const end = atMs + longestMs(stages);
  if (end > endMs) {
    const what = `may last until ${end} ms, but all ends at ${endMs} ms`;
    found.push({ where, what, fix: "shorten its waits and limits, or the timeline is too short" });
  }
  return found;
}

function amountOf(condition: Condition): number {
  switch (condition.kind) {
    case "commitIndex":
      return condition.index;
    case "leaderDeposed":
      return condition.times;
    case "acknowledged":
      return condition.operations;
    case "leaderElected":
    case "shardsSettled":
    case "caughtUp":
      return 1;
  }
}
