import { refuseExposed } from "../security/exposed.ts";
import { loadCredentials } from "../security/credentials.ts";
import { speakAs } from "../security/keyring.ts";
import { filesOfNode, loadNodeSecurity, type NodeSecurity } from "../security/node-security.ts";
import { listenAddress, type NodeConfigFile } from "./config.ts";

/**
 * Who may speak to node `id`, and as whom this process, which is that node, speaks to others. Throws UserError when
 * it would be open to others, or what it shows them cannot be read. Null: nothing is encrypted.
 */
export function secureNode(config: NodeConfigFile, id: number): NodeSecurity | null {
  const security = loadNodeSecurity(config, { id, clusterId: config.clusterId });
  refuseExposed(listenAddress(config, id).hosts, security, config.insecure === true);
  if (security !== null) speakAs(security.credentials);
  return security;
}

/** The part of it that a node needs before it knows its cluster: to ask others. Throws UserError. */
export function speakAsNode({ tls, tokenFile }: NodeConfigFile, id: number): void {
  if (tls !== undefined) speakAs(loadCredentials(filesOfNode({ tls, tokenFile }, id)));
}
