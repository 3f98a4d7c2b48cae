import type { LinkSetting } from "../../fault/link-table.ts";
import type { NodeAddress } from "../../runtime/config.ts";

/** What the packet filter may be asked for as a chance: so many millionths. */
const MILLIONTHS = 1_000_000;

/**
 * The faults of these links as one transaction for `nft -f -`: all of them are in force at once, and
 * those before them gone. A directed link is the connections that `from` opens to `to`'s peer port:
 * only packets with that destination port are dropped, so that acknowledgements of the connections
 * in the other direction pass, and a one-way cut is one.
 */
export function rulesFor(nodes: readonly NodeAddress[], settings: readonly LinkSetting[]): string {
  const address = new Map(nodes.map((node) => [node.id, node]));
  const rules = settings.flatMap(({ from, to, state: { cut, loss } }) => {
    const source = address.get(from);
    const target = address.get(to);
    if (source === undefined || target === undefined || (!cut && loss === 0)) return [];
    const packets = `ip saddr ${source.host} ip daddr ${target.host} tcp dport ${target.peerPort}`;
    const chance = `numgen random mod ${MILLIONTHS} < ${Math.round(loss * MILLIONTHS)}`;
    return [`    ${packets} ${cut ? "" : `${chance} `}drop`];
  });
  return [
    "add table bridge ordeal",
    "delete table bridge ordeal",
    "table bridge ordeal {",
    "  chain links {",
    "    type filter hook forward priority 0; policy accept;",
    ...rules,
    "  }",
    "}",
    "",
  ].join("\n");
}
