import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../lib/user-error.ts";
import type { FilePort } from "../storage/file-port.ts";
import { firstVoters, type NodeConfigFile } from "./config.ts";
import { writeSmallFile } from "./small-file.ts";

/** The marker in a node's directory: it has begun there, and the log below is all it ever promised. */
const MARKER = "identity.json";

/**
 * Whether node `id` may vote (docs/adr/0010). Without a marker it begins: with the cluster, or, with
 * `isJoining`, as a new node of a running one. But if the cluster has begun without such a marker,
 * the node's data are gone, and with them its votes and acks: then false, and nothing is marked, so
 * it stays false however often it starts. Throws UserError when a first voter is told to join.
 */
export function claimIdentity(
  port: FilePort,
  dir: string,
  config: NodeConfigFile,
  id: number,
  isJoining: boolean,
): boolean {
  const path = join(dir, MARKER);
  if (existsSync(path)) {
    checkMarker(path, config, id);
    port.syncDirNow(dir); // A process that was killed may have left the name in memory only.
    return true;
  }
  if (config.bootstrapped === true && !isJoining) return false;
  if (isJoining && firstVoters(config).includes(id)) {
    throw new UserError("the node cannot join", [
      {
        where: dir,
        what: `node ${id} voted in the cluster from the beginning, but its data are gone`,
        fix: `replace it by a node with a new id: ordeal cluster replace --node ${id} --dir DIR`,
      },
    ]);
  }
  // Durable before the node promises anything.
  markIdentity(port, dir, config.clusterId, id);
  return true;
}

/** Says in a node's directory that it has begun there, durably. */
export const markIdentity = (port: FilePort, dir: string, clusterId: string, id: number): void =>
  writeSmallFile(port, dir, MARKER, { clusterId, nodeId: id } satisfies Marker);

type Marker = { readonly clusterId: string; readonly nodeId: number };

function checkMarker(path: string, { clusterId }: NodeConfigFile, id: number): void {
  const found = JSON.parse(readFileSync(path, "utf8")) as Marker;
  if (found.clusterId === clusterId && found.nodeId === id) return;
  throw new UserError("cannot use the data directory", [
    {
      where: path,
      what: `it belongs to node ${found.nodeId} of cluster "${found.clusterId}", not to node ${id} of cluster "${clusterId}"`,
      fix: "start with the config this data was made with, or with another data directory",
    },
  ]);
}
