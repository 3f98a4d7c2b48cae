import type { NodeSpec } from "../fault/vocabulary.ts";
import type { Prng } from "../lib/prng.ts";
import type { SimAction, SimConfig } from "./api.ts";

/** What an episode is drawn with. */
export type Draw = {
  readonly random: Prng;
  readonly config: SimConfig;
  readonly nodes: number;
  readonly spares: number;
  /** Share of the targets that are the leader, whoever that is then. */
  readonly leaderShare: number;
  /** Adds an action. */
  at(atMs: number, action: ActionBody): void;
};

export type ActionBody = SimAction extends infer A
  ? A extends SimAction
    ? Omit<A, "atMs">
    : never
  : never;

/** Something that goes wrong at `fromMs` and is over by about `untilMs`. */
export type Episode = (d: Draw, fromMs: number, untilMs: number) => void;

export const HEAL: ActionBody = { kind: "fault", fault: { kind: "heal" } };

/** The leader, or some node. */
export function target({ random, nodes, leaderShare }: Draw): NodeSpec {
  if (random.chance(leaderShare)) return { kind: "leader" };
  return { kind: "node", id: 1 + random.below(nodes) };
}

export const someOrAll = (d: Draw): NodeSpec =>
  d.random.chance(0.5) ? { kind: "all" } : target(d);
