import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GROUP_1 } from "../lib/ids.ts";
import type { FilePort } from "../storage/file-port.ts";
import { firstVoters, type NodeConfigFile } from "./config.ts";
import { type GroupPlace, placesOf } from "./sharding.ts";
import { writeSmallFile } from "./small-file.ts";

/** In a node's directory: the groups that it hosts beyond those of the config. */
const FILE = "groups.json";

/** The groups that node `id` hosts by the config. Group 1 is on every node, also on one that has yet to join. */
export function groupsOfConfig(config: NodeConfigFile, id: number): readonly GroupPlace[] {
  const controller = { id: GROUP_1, nodes: firstVoters(config) };
  const others = config.sharding === undefined ? [] : placesOf(config.sharding);
  return [
    controller,
    ...others.filter((place) => place.id !== GROUP_1 && place.nodes.includes(id)),
  ];
}

/** Those that were created later, as the directory tells. */
export function readLaterGroups(dir: string): readonly GroupPlace[] {
  const path = join(dir, FILE);
  if (!existsSync(path)) return [];
  return JSON.parse(readFileSync(path, "utf8")) as GroupPlace[];
}

/** Durable before the node takes part in such a group. */
export const writeLaterGroups = (
  port: FilePort,
  dir: string,
  groups: readonly GroupPlace[],
): void => writeSmallFile(port, dir, FILE, groups);
