import { describe } from "bun:test";
import { target as exampleTarget } from "../../docs/examples/your-own-system/target.ts";
import { isInstalled } from "./external/binary.ts";
import { etcdTarget } from "./etcd/etcd.ts";
import { localTarget } from "./local.ts";
import { redisFailoverTarget, redisTarget } from "./redis/redis.ts";
import { targetConformance } from "./testing/conformance.ts";

describe("ordeal", () => targetConformance(localTarget, { nodes: 3 }));
describe("docs/examples", () => targetConformance(exampleTarget, { nodes: 1 }));
if (isInstalled("etcd", "its conformance tests")) {
  describe("etcd", () => targetConformance(etcdTarget, { nodes: 3 }));
}
if (isInstalled("redis-server", "its conformance tests")) {
  describe("redis", () => targetConformance(redisTarget, { nodes: 1 }));
  describe("redis-failover", () => targetConformance(redisFailoverTarget, { nodes: 3 }));
}
