import type { PowerLossKeeps } from "../../fault/vocabulary.ts";
import { Prng } from "../../lib/prng.ts";
import type { SimResult, Violation } from "../api.ts";
import type { Boundary, PowerCut, PowerCuts } from "../boundary.ts";
import { runSchedule } from "../run.ts";
import { type Story, storyOf } from "../story.ts";
import { KindNamer } from "./kinds.ts";
import { crashSchedule, type RunOptions } from "./schedule.ts";

export const OUTCOMES: readonly PowerLossKeeps[] = ["nothing", "prefix", "subset", "torn"];

/**
 * Who loses power. `one`: the node at the boundary. `all`: every node. `again`: the node, and then
 * its restarts, too: the first at its first boundary, the second at its second, and so on, until one
 * gets through.
 */
export type Power = "one" | "all" | "again";
export const POWERS: readonly Power[] = ["one", "all", "again"];

/** One place to cut the run at, and how. Point 0: not at all. */
export type Cut = {
  /** From 1, in the order in which the boundaries come. */
  readonly point: number;
  readonly keeps: PowerLossKeeps;
  readonly power: Power;
};

/** Back before anybody has noticed; before an election is due; after one. Virtual ms. */
const RESTART_AFTER_MS = [1, 30, 200] as const;

export type CrashPoint = { readonly kind: string; readonly boundary: Boundary };

/** What counts: every invariant, or only what is lost (boundary.ts, PowerCuts). */
export type Judge = "all" | "loss";
export type CrashOptions = RunOptions & { readonly judge: Judge };

/** Runs without a cut and tells every boundary on the way, point 1 first. */
export function listPoints(options: CrashOptions): {
  readonly points: readonly CrashPoint[];
  readonly result: SimResult;
} {
  const points: CrashPoint[] = [];
  const namer = new KindNamer();
  const result = runSchedule(crashSchedule(options), null, true, {
    at(boundary) {
      points.push({ kind: namer.kindOf(boundary), boundary });
      return null;
    },
    judgesLossOnly: options.judge === "loss",
  });
  return { points, result };
}

/** Runs up to a boundary, cuts the power there, and goes on to the end. */
export const crashAt = (options: CrashOptions, cut: Cut): SimResult =>
  runSchedule(crashSchedule(options), null, true, cutsOf(options, cut));

/** The same, told as a story. */
export const storyOfCrash = (options: CrashOptions, cut: Cut): Story =>
  storyOf(crashSchedule(options), cutsOf(options, cut));

/**
 * Cuts as seeds draw them, for hunts: each call runs one. Judges loss only, since most planted bugs
 * would be seen without any cut otherwise; what fails even so fails with every seed.
 */
export function drawnCuts(options: CrashOptions = { seed: 1, nodes: 3, judge: "loss" }) {
  const { points, result } = listPoints(options);
  return (seed: number): Violation | null => {
    if (result.violation !== null) return result.violation;
    const random = new Prng(seed).fork("cut");
    const point = random.between(1, points.length);
    const cut = { point, keeps: random.pick(OUTCOMES), power: random.pick(POWERS) };
    return crashAt(options, cut).violation;
  };
}

/** Loses power at a boundary, as `cut` says. For one run: it counts. */
function cutsOf({ judge }: CrashOptions, { point, keeps, power }: Cut): PowerCuts {
  const variant = point + OUTCOMES.indexOf(keeps) + POWERS.indexOf(power);
  const loss: PowerCut = {
    nodes: power === "all" ? "all" : "one",
    keeps,
    restartAfterMs: RESTART_AFTER_MS[variant % RESTART_AFTER_MS.length]!,
    draw: variant,
  };
  let passed = 0;
  let victim = 0;
  /** Of the victim since it lost power last. */
  let restarts = 0;
  let passedStarting = 0;
  const at: PowerCuts["at"] = ({ node, isStarting }) => {
    if (++passed === point) {
      victim = node;
      return loss;
    }
    if (power !== "again" || node !== victim) return null;
    if (!isStarting) {
      victim = 0; // It got through.
      return null;
    }
    if (++passedStarting <= restarts) return null;
    restarts++;
    passedStarting = 0;
    return { ...loss, restartAfterMs: RESTART_AFTER_MS[0], draw: variant + restarts };
  };
  return { at, judgesLossOnly: judge === "loss" };
}
