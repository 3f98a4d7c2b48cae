import { CONTROLLER } from "./controller.ts";
import { KV_2024 } from "./kv-2024.ts";
import { KV_2025 } from "./kv-2025.ts";
import type { ShardLabScenario } from "./scenario.ts";

/** Every scenario about shards, in the order of the labs. */
export const SHARD_LABS: readonly ShardLabScenario[] = [...CONTROLLER, ...KV_2024, ...KV_2025];
