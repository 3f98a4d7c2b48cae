import type { Target } from "../target.ts";
import { etcdTarget } from "../etcd/etcd.ts";
export const redisTarget: Target = etcdTarget;
export const redisFailoverTarget: Target = etcdTarget;
