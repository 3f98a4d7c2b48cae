/** Versions of the peer protocol, both included; 1 to 255. */
export type WireVersions = { readonly lowest: number; readonly highest: number };

/**
 * What this build speaks. Two nodes use the highest version that both speak, so that a cluster is upgraded
 * node by node; a build that begins to speak N still speaks N - 1, which the others may not be beyond yet.
 *
 *   1   src/wire/handshake.ts, raft-codec.ts and beats-codec.ts as they are
 *
 * A frame kind or field that came with version N goes only to peers with which N was agreed on. A kind of
 * entry or command that did, which every member must be able to apply, is proposed only while the
 * version of the whole cluster (`wire.cluster` of GET /status) is N or more.
 */
export const WIRE_VERSIONS: WireVersions = { lowest: 1, highest: 1 };

/** The highest that both speak; null: there is none. */
export function agreedVersion(a: WireVersions, b: WireVersions): number | null {
  const highest = Math.min(a.highest, b.highest);
  return highest >= Math.max(a.lowest, b.lowest) ? highest : null;
}

/** `version 1`, `versions 2 to 3`. */
export const versionsText = ({ lowest, highest }: WireVersions): string =>
  lowest === highest ? `version ${lowest}` : `versions ${lowest} to ${highest}`;

export type NodeVersions = { readonly id: number; readonly wire: WireVersions };

/** What keeps one of two nodes from speaking to the other: that they have no version in common. */
export const apartText = (a: NodeVersions, b: NodeVersions): string =>
  `node ${a.id} speaks ${versionsText(a.wire)} of the peer protocol, node ${b.id} ${versionsText(b.wire)}: run builds that have one in common`;

/** The first two of the nodes that have no version in common, in words; null: all can speak to all. */
export function versionsApart(nodes: readonly NodeVersions[]): string | null {
  for (const [i, a] of nodes.entries()) {
    const b = nodes.slice(0, i).find(({ wire }) => agreedVersion(a.wire, wire) === null);
    if (b !== undefined) return apartText(a, b);
  }
  return null;
}
