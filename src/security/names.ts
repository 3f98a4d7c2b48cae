/** Whose certificate it is: a node's of a cluster, or a client's. */
export type CertifiedName =
  | { readonly kind: "node"; readonly clusterId: string; readonly id: number }
  | { readonly kind: "client"; readonly clusterId: string; readonly name: string };

/**
 * A DNS name in the certificate of every node. Our own dialers ask for it instead of an address, so that nodes may
 * move, and be reached through tunnels and proxies; which node it is, the URI says (`uriOf`).
 */
export const NODE_DNS_NAME = "node.ordeal";

/** How a certificate names its owner, as a URI among its alternative names: `ordeal://CLUSTER/node/3`. */
export function uriOf(owner: CertifiedName): string {
  const cluster = encodeURIComponent(owner.clusterId);
  return owner.kind === "node"
    ? `ordeal://${cluster}/node/${owner.id}`
    : `ordeal://${cluster}/client/${encodeURIComponent(owner.name)}`;
}

/** `node 3 of cluster "demo"`. */
export const nameText = (owner: CertifiedName): string =>
  owner.kind === "node"
    ? `node ${owner.id} of cluster "${owner.clusterId}"`
    : `client "${owner.name}" of cluster "${owner.clusterId}"`;

/**
 * Whom a certificate names. `alternatives`: its subjectAltName as node:crypto and Bun tell it. Null: nobody of
 * ours, or more than one, which no certificate of ours does.
 */
export function readName(alternatives: string | undefined): CertifiedName | null {
  const uris = (alternatives ?? "")
    .split(", ")
    .filter((part) => part.startsWith("URI:ordeal://"))
    .map((part) => part.slice("URI:".length));
  const [uri] = uris;
  if (uri === undefined || uris.length > 1) return null;
  const match = /^ordeal:\/\/([^/]+)\/(node|client)\/([^/]+)$/.exec(uri);
  if (match === null) return null;
  const [, cluster, kind, who] = match;
  try {
    const clusterId = decodeURIComponent(cluster!);
    if (kind === "client") return { kind, clusterId, name: decodeURIComponent(who!) };
    return /^[1-9]\d{0,4}$/.test(who!) ? { kind: "node", clusterId, id: Number(who) } : null;
  } catch {
    return null; // No percent-encoding of ours.
  }
}
