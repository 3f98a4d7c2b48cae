import type { Target } from "../target/target.ts";

/** The systems that can be run and broken on this machine. */
export const TARGET_NAMES = ["ordeal", "etcd", "redis", "redis-failover"] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

export async function findTarget(name: TargetName): Promise<Target> {
  switch (name) {
    case "ordeal":
      return (await import("../target/local.ts")).localTarget;
    case "etcd":
      return (await import("../target/etcd/etcd.ts")).etcdTarget;
    case "redis":
      return (await import("../target/redis/redis.ts")).redisTarget;
    case "redis-failover":
      return (await import("../target/redis/redis.ts")).redisFailoverTarget;
  }
}
