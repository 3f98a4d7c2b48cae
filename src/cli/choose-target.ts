import { UserError } from "../lib/user-error.ts";
import { resolve } from "node:path";
import { shellWord } from "./shell-word.ts";
import { isModulePath } from "./target-module.ts";
import { CHAOS_TARGET_NAMES, type ChaosTarget, findChaosTarget } from "./targets.ts";

/** Where the nodes of a run are: behind proxies, or each in a network namespace of its own. */
export const NETWORKS = ["proxies", "netns"] as const;

/** No scenario has more keys. */
const ATTACHED_KEYS_MAX = 1024;

/** What the flags say of the system that scenarios are to be run on. */
export type TargetFlags = {
  /** A name of CHAOS_TARGET_NAMES, or the path of a module that exports a Target. */
  readonly target: string;
  readonly network: (typeof NETWORKS)[number];
  /** A file that describes nodes which run already. */
  readonly attach?: string | undefined;
};

/** The target that the flags mean. Throws UserError when they contradict each other. */
export async function chooseTarget({ target, network, attach }: TargetFlags): Promise<ChaosTarget> {
  const isUsual = target === "ordeal";
  if (attach !== undefined) {
    if (!isUsual) throw contradiction("--attach", `--target ${target}`);
    if (network !== "proxies") throw contradiction("--attach", `--network ${network}`);
    const { attachTarget } = await import("../target/attach/attach.ts");
    const { keyText } = await import("../workload/keys.ts");
    const keys = Array.from({ length: ATTACHED_KEYS_MAX }, (_, i) => keyText(i));
    return { target: attachTarget(attach, keys) };
  }
  if (network === "proxies") return findChaosTarget(target);
  if (!isUsual && target !== "ordeal-netns") {
    throw contradiction(`--network ${network}`, `--target ${target}`);
  }
  return findChaosTarget("ordeal-netns");
}

/** The flags alone, for a report; a module by its whole path. */
export const placeOf = ({ target, network, attach }: TargetFlags): TargetFlags => ({
  ...{ target: isModulePath(target) ? resolve(target) : target, network },
  ...(attach !== undefined && { attach }),
});

/** What placeOf left in a report; null: it is no such thing. */
export function readPlace(place: unknown): TargetFlags | null {
  const { target, network, attach } = (place ?? {}) as Readonly<Record<string, unknown>>;
  const isKnown = CHAOS_TARGET_NAMES.some((name) => name === target);
  const system =
    typeof target === "string" && (isKnown || isModulePath(target)) ? target : undefined;
  const known = NETWORKS.find((name) => name === network);
  if (system === undefined || known === undefined) return null;
  if (attach !== undefined && typeof attach !== "string") return null;
  return { target: system, network: known, attach };
}

/** The flags, but for defaults, with a space before each: for the command that repeats a run. */
export function targetAsFlags({ target, network, attach }: TargetFlags): string {
  return (
    (target === "ordeal" ? "" : ` --target ${shellWord(target)}`) +
    (network === "proxies" ? "" : ` --network ${network}`) +
    (attach === undefined ? "" : ` --attach ${attach}`)
  );
}

const contradiction = (one: string, other: string): UserError =>
  new UserError("bad option", [
    {
      where: one,
      what: `is of Ordeal's own store, and does not go with ${other}`,
      fix: "leave out one of them",
    },
  ]);
