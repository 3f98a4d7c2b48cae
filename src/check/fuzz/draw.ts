import type { Prng } from "../../lib/prng.ts";
import type { ModelName } from "../models.ts";
import { type SyntheticSpec, synthesize } from "../testing/synthetic.ts";
import { mutate } from "./mutate.ts";
import { ranked, type SmallOp, smallOpsOf } from "./small.ts";

/** A history to judge, and the model that it is said to be of. */
export type Drawn = { readonly model: ModelName; readonly ops: readonly SmallOp[] };

type Shares = Pick<SyntheticSpec, "gets" | "cas" | "versioned" | "appends" | "deletes">;
const NONE: Shares = { gets: 0.45, cas: 0, versioned: 0, appends: 0, deletes: 0 };

const MODELS = {
  register: NONE,
  cas: { ...NONE, gets: 0.35, cas: 0.35 },
  "versioned-kv": { ...NONE, gets: 0.3, versioned: 0.5 },
  "append-kv": { ...NONE, gets: 0.4, appends: 0.45 },
  kv: { gets: 0.35, cas: 0.1, versioned: 0.15, appends: 0.1, deletes: 0.1 },
} as const satisfies Partial<Record<ModelName, Shares>>;

/** Share of histories that are too large to try every order of. */
const LARGE = 0.01;

/**
 * A small history of a random model, with random shares of trouble: values that repeat, operations
 * that never return, versions and log indexes told or not; and in five of six histories up to
 * three lies (mutate.ts). A dozen operations or so, which trying every order still
 * manages; in a few, more: what they show is that paths and search agree.
 */
export function drawHistory(random: Prng): Drawn {
  const model = random.pick(Object.keys(MODELS) as (keyof typeof MODELS)[]);
  const shares = MODELS[model];
  const isLarge = random.chance(LARGE);
  const history = synthesize({
    ...shares,
    seed: random.u32(),
    // What appends leave tells their order: of many that overlap there are too many orders.
    operations: isLarge ? random.between(20, 150) : random.between(2, shares.appends > 0 ? 9 : 12),
    clients: random.between(1, 6),
    keys: random.chance(0.1) ? 2 : 1,
    deletes: model === "versioned-kv" && random.chance(0.2) ? 0.15 : shares.deletes,
    refused: random.pick([0, 0.3, 0.6]),
    pending: isLarge ? random.pick([0, 0.03]) : random.pick([0, 0, 0.1, 0.3, 0.6]),
    values: isLarge && shares.appends > 0 ? 0 : random.pick([0, 0, 2, 3]),
    versions: random.chance(hasVersions(model) ? 0.7 : 0.1),
    indexes: random.chance(0.3),
  });
  const ops = smallOpsOf(history);
  for (let lies = random.pick([0, 1, 1, 2, 2, 3]); lies > 0; lies--) mutate(random, ops);
  return { model: random.chance(0.5) ? "auto" : model, ops: ranked(ops) };
}

const hasVersions = (model: ModelName): boolean => model === "versioned-kv" || model === "kv";
