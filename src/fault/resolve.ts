import { unreachable } from "../lib/assert.ts";
import type { Prng } from "../lib/prng.ts";
import type { Fault, NodeSpec } from "./vocabulary.ts";

/** What is known of the cluster when a fault fires. */
export type ClusterView = {
  readonly nodes: readonly number[];
  /** 0: none is known. */
  readonly leader: number;
  /** Of a sharded cluster, by group of shards; only groups with shards whose leader is known. */
  readonly leaderOf?: ReadonlyMap<number, number>;
};

/** A set of directed links: those from `from` to `to`. */
export type Link = { readonly from: number; readonly to: number };

export const minoritySize = (nodes: number): number => Math.floor((nodes - 1) / 2);
export const majoritySize = (nodes: number): number => Math.floor(nodes / 2) + 1;

/**
 * The nodes that `spec` means now. `eligible` are those on which the fault can act (only a crashed
 * node restarts); `random` draws among them, so that a fault is not spent on a node that is down.
 * Minority and majority are of the whole cluster. Empty when none fits, or the leader is unknown.
 */
export function resolveNodes(
  spec: NodeSpec,
  view: ClusterView,
  eligible: readonly number[],
  prng: Prng,
): readonly number[] {
  switch (spec.kind) {
    case "leader":
      return eligible.filter((id) => id === view.leader);
    case "followers":
      return eligible.filter((id) => id !== view.leader);
    case "leaderOf": {
      const leaders = [...(view.leaderOf ?? [])].sort(([a], [b]) => a - b);
      const those =
        spec.group === null
          ? prng.shuffle(leaders).slice(0, 1)
          : leaders.filter(([group]) => group === spec.group);
      return eligible.filter((id) => those.some(([, leader]) => leader === id));
    }
    case "all":
      return eligible;
    case "node":
      return eligible.filter((id) => id === spec.id);
    case "random": {
      const count = view.nodes.length;
      const size =
        spec.size === "one"
          ? 1
          : spec.size === "minority"
            ? minoritySize(count)
            : majoritySize(count);
      return sorted(prng.shuffle(eligible).slice(0, size));
    }
    default:
      return unreachable(spec);
  }
}

/** The links a partition cuts, and the nodes it is about: the smaller side, the bridge, or all. */
export type Cut = { readonly nodes: readonly number[]; readonly links: readonly Link[] };

export function resolvePartition(
  fault: Extract<Fault, { kind: "partition" }>,
  view: ClusterView,
  prng: Prng,
): Cut {
  switch (fault.shape) {
    case "halves":
      return halves(fault.leaderIn, view, prng);
    case "bridge":
      return bridge(view, prng);
    case "majoritiesRing":
      return majoritiesRing(view, prng);
    case "random":
      return twoSides(view, prng);
    default:
      return unreachable(fault);
  }
}

/** Every directed link between two different nodes. */
export const allLinks = (nodes: readonly number[]): Link[] =>
  nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })));

function halves(leaderIn: "minority" | "majority" | "any", view: ClusterView, prng: Prng): Cut {
  const size = Math.max(1, minoritySize(view.nodes.length));
  const others = prng.shuffle(view.nodes.filter((id) => id !== view.leader));
  const everyone = prng.shuffle(view.nodes);
  const leader = view.nodes.filter((id) => id === view.leader);
  const order =
    leaderIn === "any"
      ? everyone
      : leaderIn === "minority"
        ? [...leader, ...others]
        : [...others, ...leader];
  const minority = sorted(order.slice(0, size));
  return { nodes: minority, links: linksBetween(minority, without(view.nodes, minority)) };
}

/** Every split into two sides is as likely as any other; the smaller side is the one it is about. */
function twoSides({ nodes }: ClusterView, prng: Prng): Cut {
  const [first, ...rest] = prng.shuffle(nodes);
  const drawn = rest.filter(() => prng.chance(0.5));
  // All on one side is no partition: then the first is alone.
  const side = drawn.length === rest.length ? [first!] : [first!, ...drawn];
  const other = without(nodes, side);
  const links = linksBetween(side, other);
  return { nodes: sorted(side.length <= other.length ? side : other), links };
}

/** The left half, one node more than the right one or as many, and the node both reach. */
function bridge(view: ClusterView, prng: Prng): Cut {
  const [middle, ...rest] = prng.shuffle(view.nodes);
  const left = rest.slice(0, Math.ceil(rest.length / 2));
  return { nodes: [middle!], links: linksBetween(left, without(rest, left)) };
}

/**
 * The nodes in a random ring, each hearing a majority: itself and the nodes next to it (Jepsen's
 * majorities-ring). Where a majority is an even number, the odd neighbour is the one behind, so some
 * links are cut in one direction only.
 */
function majoritiesRing(view: ClusterView, prng: Prng): Cut {
  const ring = prng.shuffle(view.nodes);
  const heard = majoritySize(ring.length) - 1;
  const before = Math.ceil(heard / 2);
  const links = ring.flatMap((to, at) => {
    const hears = (from: number): boolean => {
      const ahead = (ring.indexOf(from) - at + ring.length) % ring.length;
      return ahead <= heard - before || ring.length - ahead <= before;
    };
    return ring.filter((from) => !hears(from)).map((from) => ({ from, to }));
  });
  return { nodes: sorted(ring), links };
}

const sorted = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);

const without = (ids: readonly number[], gone: readonly number[]): number[] =>
  ids.filter((id) => !gone.includes(id));

const linksBetween = (some: readonly number[], others: readonly number[]): Link[] =>
  some.flatMap((a) =>
    others.flatMap((b) => [
      { from: a, to: b },
      { from: b, to: a },
    ]),
  );
