import type { Fault, FaultKind } from "../fault/vocabulary.ts";
import type { FsyncMode } from "../lib/fsync.ts";
import type { LabAssertion } from "./lab-checks.ts";
import type { Sharded } from "../target/target.ts";
import type { LoadShape } from "../workload/spec.ts";
import type { Parameter } from "./parameters.ts";
import { faultsOfStages, type Stage } from "./sequence.ts";
import type { Slo } from "./slo.ts";

/**
 * A chaos scenario: what cluster, under what load, is broken how, and what must still hold. It is
 * data: it prints, goes into the report as it is, and survives JSON, so that a run can be repeated
 * without the module it came from.
 *
 * Times are milliseconds on the scenario's own timeline of `durationMs`. A shorter run squeezes
 * that timeline; a longer one repeats it (see schedule.ts).
 */
export type Scenario = {
  /** kebab-case; the name of its module in `chaos/`. */
  readonly name: string;
  /** What could break here and why it matters: one or two sentences, printed in the report. */
  readonly about: string;
  readonly cluster: {
    /** Nodes 1 … nodes are the voters at first. */
    readonly nodes: number;
    readonly storage: "disk" | "memory";
    /** When the nodes sync their logs; default: what the target does. */
    readonly fsync?: FsyncMode | undefined;
    /** So many more nodes, with the ids that follow, run and are no members yet. */
    readonly spares?: number;
    /** A node takes a snapshot after so many bytes of entries; default: what the target does. */
    readonly snapshotEveryBytes?: number;
    /** Reads without a round of messages while the leader's lease lasts; default: no. */
    readonly leaseReads?: boolean;
    /** Many groups, each with a part of the keys; absent: one group has all. */
    readonly sharded?: Sharded;
  };
  readonly workload: LoadShape;
  readonly durationMs: number;
  readonly faults: readonly Step[];
  /** At the end every fault is lifted; a write must then be acknowledged within this time. */
  readonly recoverWithinMs: number;
  /** Every node that was restarted must listen, its data read, within this time; default: no limit. */
  readonly readyWithinMs?: number;
  readonly expect: readonly Expectation[];
  /** What the MIT labs assert besides (chaos/mit). */
  readonly labs?: readonly LabAssertion[];
  /** What it promises of speed and service under its faults; each is a check of its own. */
  readonly slo?: Slo;
  /** Words to choose scenarios by: `chaos run --tag mit`. */
  readonly tags?: readonly string[];
  /** The numbers it was made with, of those that a person may change. */
  readonly parameters?: Readonly<Record<string, Parameter & { readonly value: number }>>;
  /** What must have happened for the verdict to mean anything: all of it, or the run is vacuous. */
  readonly aim: readonly Aim[];
};

/** When faults come. */
export type Step =
  | { readonly kind: "at"; readonly atMs: number; readonly fault: Fault }
  /** In force from `fromMs` until `toMs`, when it is lifted (see liftOf). */
  | {
      readonly kind: "during";
      readonly fromMs: number;
      readonly toMs: number;
      readonly fault: Fault;
    }
  /** The steps again and again, from `fromMs`; a round that would not end by `toMs` is left out. */
  | {
      readonly kind: "every";
      readonly everyMs: number;
      readonly fromMs: number;
      readonly toMs: number;
      /** Times count from the start of the round, and end within `everyMs`. */
      readonly steps: readonly Step[];
    }
  /** Each node in turn: an equal slot of the span, hit for the first `share` of it. */
  | {
      readonly kind: "rolling";
      readonly fault: "crash" | "stop" | "pause";
      readonly share: number;
      readonly fromMs: number;
      readonly toMs: number;
    }
  /** Stages one after the other, the first at `atMs`; some wait until a condition holds. */
  | { readonly kind: "sequence"; readonly atMs: number; readonly stages: readonly Stage[] }
  /** Some nodes, drawn by the seed, are clogged one by one and unclogged in another order. */
  | { readonly kind: "swizzleClog"; readonly fromMs: number; readonly toMs: number }
  /** As `every`, but each round plays one of the choices, drawn by the seed, and starts up to a
   * quarter of `everyMs` late. */
  | {
      readonly kind: "randomly";
      readonly everyMs: number;
      readonly fromMs: number;
      readonly toMs: number;
      readonly choices: readonly (readonly Step[])[];
    };

export const EXPECTATIONS = ["linearizable", "no-lost-acks", "one-leader-per-term"] as const;
export type Expectation = (typeof EXPECTATIONS)[number];

export type Aim =
  /** Another node, or the same in a later term, became leader after the first fault. */
  | { readonly kind: "leaderDeposed"; readonly atLeast: number }
  /** A fault of kind `fault` came into force on some node. */
  | { readonly kind: "faultHit"; readonly fault: FaultKind; readonly atLeast: number }
  /** Operations completed while a fault of kind `fault` was in force. */
  | { readonly kind: "okDuring"; readonly fault: FaultKind; readonly atLeast: number }
  /** Operations completed, whenever. */
  | { readonly kind: "completed"; readonly atLeast: number }
  /** Restarted nodes that found a record which a loss of power had cut short. */
  | { readonly kind: "tornTail"; readonly atLeast: number }
  /** Nodes took over the state that a leader sent them, for want of entries. */
  | { readonly kind: "snapshotInstalled"; readonly atLeast: number }
  /** Reads that leaders served by lease, as they count them (and tell a few times a second). */
  | { readonly kind: "readsByLease"; readonly atLeast: number }
  /** Configs of a sharded cluster that came after the load began, and shards that changed their group by them. */
  | { readonly kind: "configChanged" | "shardsMoved"; readonly atLeast: number }
  /** Nodes that refused the data that a fault had changed. */
  | { readonly kind: "refused"; readonly atLeast: number }
  /** Mean response time while it was in force, as seen by clients. */
  | { readonly kind: "slowedTo"; readonly fault: FaultKind; readonly atLeastMs: number };

const LINK_FAULTS: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "isolate",
  "partition",
  "loss",
  "delay",
  "duplicate",
  "reorder",
  "bandwidth",
  "halfOpen",
  "clog",
  "message",
]);

/** Does it act on links, and stay until `heal`? */
export const isLinkFault = (kind: FaultKind): boolean => LINK_FAULTS.has(kind);

const DISK_FAULTS: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "powerLoss",
  "diskStall",
  "diskError",
  "diskFull",
  "bitFlip",
]);

/** Does it need a disk below the nodes that can fail? */
export const isDiskFault = (kind: FaultKind): boolean => DISK_FAULTS.has(kind);

const CLOCK_FAULTS: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "clockJump",
  "clockRate",
  "clockStrobe",
]);

/** Does it need a clock of the nodes' own that can go wrong? */
export const isClockFault = (kind: FaultKind): boolean => CLOCK_FAULTS.has(kind);

const HEAL: Fault = { kind: "heal" };
const RESTART: Fault = { kind: "restart", nodes: { kind: "all" } };

/**
 * The faults that end `fault`; none for one that ends others, or ends by itself. They lift all of its
 * kind, not only what `fault` hit, because by then the leader may be another: `during` windows of
 * faults that are lifted alike therefore do not overlap. A node ends when its disk fails, so that
 * needs a restart as well.
 */
export function liftsOf(fault: Fault): readonly Fault[] {
  const { kind } = fault;
  if (kind === "clog") return [{ kind: "unclog", nodes: { kind: "all" } }];
  if (isLinkFault(kind) || kind === "clockRate" || kind === "clockStrobe") return [HEAL];
  if (kind === "diskError" || kind === "diskFull") return [HEAL, RESTART];
  if (kind === "crash" || kind === "stop" || kind === "powerLoss") return [RESTART];
  if (kind === "pause") return [{ kind: "resume", nodes: { kind: "all" } }];
  return [];
}

/** Every fault a step may cause, lifts aside. */
export function faultsOf(step: Step): readonly Fault[] {
  switch (step.kind) {
    case "at":
    case "during":
      return [step.fault];
    case "rolling":
      return [{ kind: step.fault, nodes: { kind: "all" } }];
    case "sequence":
      return faultsOfStages(step.stages);
    case "swizzleClog":
      return [{ kind: "clog", nodes: { kind: "all" } }];
    case "every":
      return step.steps.flatMap(faultsOf);
    case "randomly":
      return step.choices.flat().flatMap(faultsOf);
  }
}
