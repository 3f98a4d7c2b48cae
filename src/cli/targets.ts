import type { Play } from "../chaos/run.ts";
import type { Target } from "../target/target.ts";

/** The systems that can be run and broken on this machine. */
export const TARGET_NAMES = ["ordeal", "ordeal-netns", "etcd", "redis", "redis-failover"] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** Where scenarios can be played: on those, or in the simulator. */
export const CHAOS_TARGET_NAMES = [...TARGET_NAMES, "sim"] as const;
export type ChaosTargetName = (typeof CHAOS_TARGET_NAMES)[number];

/** A target, and who plays scenarios on it; absent: its processes do, in real time. */
export type ChaosTarget = { readonly target: Target; readonly play?: Play };

export async function findChaosTarget(name: ChaosTargetName): Promise<ChaosTarget> {
  if (name !== "sim") return { target: await findTarget(name) };
  const { playInSimulator, simTarget } = await import("./chaos-sim/play.ts");
  return { target: simTarget, play: playInSimulator };
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
