import type { Fault, NodeSpec } from "../fault/vocabulary.ts";
import { Prng } from "../lib/prng.ts";
import { describeFault } from "./describe.ts";
import { describeStage, scaledStages, type Sequence, waitsForSomething } from "./sequence.ts";
import { liftsOf, type Scenario, type Step } from "./scenario.ts";
import { swizzleActions } from "./swizzle.ts";

/** One fault at one moment. Which nodes `leader` or `random` mean is found out when it fires. */
export type Action = {
  /** Milliseconds after the load began, a whole number. */
  readonly atMs: number;
  readonly fault: Fault;
};

/** What a run does and when: a pure function of scenario, seed and duration. */
export type Schedule = {
  readonly durationMs: number;
  /** In order of time; those of one moment in the order of the scenario. */
  readonly actions: readonly Action[];
  /** What waits for conditions, and so has no times yet; absent: nothing does. */
  readonly sequences?: readonly Sequence[];
};

const EVERYTHING_LIFTED: readonly Fault[] = [
  { kind: "heal" },
  { kind: "resume", nodes: { kind: "all" } },
  { kind: "restart", nodes: { kind: "all" } },
];

/**
 * Expands a scenario. A run shorter than the scenario's timeline squeezes it; a longer one plays
 * it as often as it fits, stretched to fill the time exactly, with all faults lifted in between and
 * other draws each time: an hour of "leader-churn" has as many crashes a minute as ten seconds of it.
 */
export function scheduleOf(scenario: Scenario, seed: number, durationMs: number): Schedule {
  const cycles = Math.max(1, Math.floor(durationMs / scenario.durationMs));
  const cycleMs = durationMs / cycles;
  const { nodes } = scenario.cluster;
  const scale = cycleMs / scenario.durationMs;
  const random = new Prng(seed).fork(`schedule ${scenario.name}`);
  const actions: Action[] = [];
  const sequences: Sequence[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    const startMs = cycle * cycleMs;
    if (cycle > 0) {
      for (const fault of EVERYTHING_LIFTED) actions.push({ atMs: Math.round(startMs), fault });
    }
    for (const { atMs, fault } of expand(
      scenario.faults,
      0,
      nodes,
      random.fork(`cycle ${cycle}`),
    )) {
      actions.push({ atMs: Math.round(startMs + atMs * scale), fault });
    }
    for (const step of scenario.faults) {
      if (step.kind !== "sequence" || !waitsForSomething(step.stages)) continue;
      const atMs = Math.round(startMs + step.atMs * scale);
      sequences.push({ atMs, stages: scaledStages(step.stages, scale) });
    }
  }
  actions.sort((a, b) => a.atMs - b.atMs);
  return { durationMs, actions, ...(sequences.length > 0 && { sequences }) };
}

/** The moment of the first fault; null for a scenario without any. */
export const firstFaultMs = (schedule: Schedule): number | null =>
  [...schedule.actions, ...(schedule.sequences ?? [])].reduce<number | null>(
    (first, { atMs }) => Math.min(first ?? atMs, atMs),
    null,
  );

/** One line an action: `   2.000 s  crash leader`. */
export const printSchedule = ({ actions, sequences = [] }: Schedule): string[] => [
  ...actions.map(({ atMs, fault }) => `${secondsText(atMs)}  ${describeFault(fault)}`),
  ...sequences.flatMap(({ atMs, stages }) =>
    stages.map((stage, i) => {
      const when = i === 0 ? secondsText(atMs) : "then".padStart(11);
      return `${when}  ${describeStage(stage, describeFault)}`;
    }),
  ),
];

const secondsText = (ms: number): string => `${(ms / 1000).toFixed(3).padStart(9)} s`;

function expand(steps: readonly Step[], originMs: number, nodes: number, random: Prng): Action[] {
  return steps.flatMap((step) => expandStep(step, originMs, nodes, random));
}

function expandStep(step: Step, originMs: number, nodes: number, random: Prng): Action[] {
  switch (step.kind) {
    case "at":
      return [{ atMs: originMs + step.atMs, fault: step.fault }];
    case "during": {
      const lifts = liftsOf(step.fault).map((fault) => ({ atMs: originMs + step.toMs, fault }));
      return [{ atMs: originMs + step.fromMs, fault: step.fault }, ...lifts];
    }
    case "rolling":
      return rollingActions(step, originMs, nodes);
    case "sequence":
      return waitsForSomething(step.stages) ? [] : timedStages(step, originMs);
    case "swizzleClog":
      return [...swizzleActions(originMs + step.fromMs, originMs + step.toMs, nodes, random)];
    case "every":
    case "randomly": {
      const out: Action[] = [];
      const { everyMs, fromMs, toMs } = step;
      for (let roundMs = fromMs; roundMs + everyMs <= toMs; roundMs += everyMs) {
        if (step.kind === "every") {
          out.push(...expand(step.steps, originMs + roundMs, nodes, random));
        } else {
          const late = random.float() * 0.25 * everyMs;
          out.push(...expand(random.pick(step.choices), originMs + roundMs + late, nodes, random));
        }
      }
      return out;
    }
  }
}

/** A sequence whose times are known beforehand. */
function timedStages({ atMs, stages }: Sequence, originMs: number): Action[] {
  let nowMs = originMs + atMs;
  return stages.flatMap((stage): Action[] => {
    if (stage.kind === "do") return [{ atMs: nowMs, fault: stage.fault }];
    if (stage.kind === "wait") nowMs += stage.ms;
    return [];
  });
}

function rollingActions(
  { fault, share, fromMs, toMs }: Extract<Step, { kind: "rolling" }>,
  originMs: number,
  nodes: number,
): Action[] {
  const slotMs = (toMs - fromMs) / nodes;
  return Array.from({ length: nodes }, (_, i): Action[] => {
    const spec: NodeSpec = { kind: "node", id: i + 1 };
    const startMs = originMs + fromMs + i * slotMs;
    const lift = fault === "pause" ? "resume" : "restart";
    return [
      { atMs: startMs, fault: { kind: fault, nodes: spec } },
      { atMs: startMs + share * slotMs, fault: { kind: lift, nodes: spec } },
    ];
  }).flat();
}
