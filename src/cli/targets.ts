import { resolve } from "node:path";
import type { Play } from "../chaos/run.ts";
import { closest } from "../lib/suggest.ts";
import { UserError } from "../lib/user-error.ts";
import type { Target } from "../target/target.ts";
import { importTarget, isModulePath } from "./target-module.ts";

/** The systems that can be run and broken on this machine. */
export const TARGET_NAMES = ["ordeal", "ordeal-netns", "etcd", "redis", "redis-failover"] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** Where scenarios can be played: on those, or in the simulator. */
export const CHAOS_TARGET_NAMES = [...TARGET_NAMES, "sim"] as const;

/** A target, and who plays scenarios on it; absent: its processes do, in real time. */
export type ChaosTarget = { readonly target: Target; readonly play?: Play };

/** By its name, or by the path of a module that exports one. Throws UserError when there is none. */
export async function findChaosTarget(name: string): Promise<ChaosTarget> {
  const known = CHAOS_TARGET_NAMES.find((it) => it === name);
  if (known === "sim") {
    const { playInSimulator, simTarget } = await import("./chaos-sim/play.ts");
    return { target: simTarget, play: playInSimulator };
  }
  if (known !== undefined) return { target: await findTarget(known) };
  const problem = (what: string, fix: string): UserError =>
    new UserError("there is no such target", [{ where: `--target ${name}`, what, fix }]);
  if (!isModulePath(name)) {
    const near = closest(name, CHAOS_TARGET_NAMES);
    const fix = `there are: ${CHAOS_TARGET_NAMES.join(", ")}; and modules: ./my-target.ts`;
    throw problem("is not known", near === null ? fix : `did you mean ${near}? ${fix}`);
  }
  return { target: await importTarget(resolve(name), problem) };
}

export async function findTarget(name: TargetName): Promise<Target> {
  switch (name) {
    case "ordeal":
      return (await import("../target/local.ts")).localTarget;
    case "ordeal-netns":
      return (await import("../target/netns/netns.ts")).netnsTarget;
    case "etcd":
      return (await import("../target/etcd/etcd.ts")).etcdTarget;
    case "redis":
      return (await import("../target/redis/redis.ts")).redisTarget;
    case "redis-failover":
      return (await import("../target/redis/redis.ts")).redisFailoverTarget;
  }
}
