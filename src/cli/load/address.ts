import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeAddress } from "../../runtime/config.ts";
import { type CredentialFiles, credentialsOfEnvironment } from "../../security/credentials.ts";
import { remember, rememberNodes } from "../../security/keyring.ts";
import { UserError } from "../../lib/user-error.ts";
import type { ClusterAddress, StoreProtocol } from "../../target/target.ts";

/**
 * `host:port,host:port`: the client ports, in the order of the node ids 1, 2, …. How we show them who we are, the
 * environment says. Throws UserError.
 */
export function parseNodes(text: string, target: StoreProtocol = "ordeal"): ClusterAddress {
  const nodes = text.split(",").map((item, i) => {
    const match = /^\[?([^\]\s]+?)\]?:(\d{1,5})$/.exec(item.trim());
    const port = Number(match?.[2]);
    if (match === null || port < 1 || port > 65_535) {
      throw new UserError("bad node address", [
        { where: "--nodes", what: `"${item}"`, fix: "write host:port,host:port,…" },
      ]);
    }
    return { id: i + 1, host: match[1]!, port };
  });
  const credentials = target === "ordeal" ? credentialsOfEnvironment() : null;
  remember(nodes, credentials);
  return { target, nodes, ...(credentials && { credentials }) };
}

/** How clients reach these nodes. */
export const addressOf = (
  nodes: readonly Pick<NodeAddress, "id" | "host" | "clientPort">[],
  shards: number | undefined,
  credentials?: CredentialFiles,
): ClusterAddress => ({
  target: "ordeal",
  nodes: nodes.map(({ id, host, clientPort }) => ({ id, host, port: clientPort })),
  ...(shards !== undefined && { shards }),
  ...(credentials && { credentials }),
});

/** The client ports of the cluster that `ordeal cluster start --dir DIR` runs. Throws UserError. */
export function readClusterAddress(dir: string): ClusterAddress {
  const path = join(dir, "cluster.json");
  try {
    const { nodes, shards, credentials } = JSON.parse(readFileSync(path, "utf8")) as {
      readonly nodes: readonly NodeAddress[];
      readonly shards?: number;
      readonly credentials?: CredentialFiles;
    };
    rememberNodes(nodes, credentials);
    return addressOf(nodes, shards, credentials);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("cannot find the cluster", [
      {
        where: path,
        what: (error as Error).message,
        fix: `start one: ordeal cluster start -n 3 --dir ${dir}; or give --nodes`,
      },
    ]);
  }
}
